# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rules about the source itself: what may import what, and how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tlm_mlir"
SOURCES = sorted(PACKAGE.rglob("*.py"))
HEADED = [
    path
    for folder in ("tlm_mlir", "tests", "lit", "examples", "benchmarks")
    for suffix in ("py", "c")
    for path in sorted((ROOT / folder).rglob(f"*.{suffix}"))
]
HEAVY = {"torch", "transformers", "lightgbm", "accelerate"}
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
LONGEST = 400
IMPORT_SECONDS = 0.5

RANKS = {
    **{"errors": 0, "files": 1, "iree": 2, "ir": 3, "targets.target": 4, "language": 5},
    **{"targets": 6, "compiler.script": 7, "compiler.schedule_pass": 7, "compiler.layouts": 7},
    **{"decisions": 8, "model": 8, "policy": 9, "compiler": 10, "measure": 11, "training": 12},
    **{"bench": 13, "api": 13, "cli": 14},
}
"""Imports go from a higher rank to a lower one, or stay inside of a folder."""


def name_of(path: Path) -> str:
    """`tlm_mlir/ir/body.py` is `ir.body`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, anywhere in it."""
    package = ("tlm_mlir", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else ())))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def rank(name: str) -> int | None:
    """The rank of a module of ours by the longest name that has one."""
    while name:
        if name in RANKS:
            return RANKS[name]
        name = name.rpartition(".")[0]
    return None


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_torch_stays_in_training(path: Path) -> None:
    found = {name.split(".")[0] for name in imports(path)}
    assert not found & PICKLES
    if not name_of(path).startswith("training"):
        assert not found & HEAVY


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    own = name_of(path)
    level = rank(own)
    for name in imports(path):
        other = name.removeprefix("tlm_mlir.")
        if level is None or other == name or other.split(".")[0] == own.split(".")[0]:
            continue
        found = rank(other)
        assert found is None or found < level, f"{own} imports {other}"


def test_importing_the_package_is_quick_and_light() -> None:
    program = (
        "import time; start = time.perf_counter(); import tlm_mlir, tlm_mlir.cli;"
        "print(time.perf_counter() - start);"
        "import tlm_mlir.compiler.driver, sys; print(*sys.modules)"
    )
    seconds, modules = [], set()
    # The best of three: other programs may have the machine.
    for _ in range(3):
        ran = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
        )
        first, second = ran.stdout.splitlines()
        seconds.append(float(first))
        modules |= set(second.split())
    assert min(seconds) < IMPORT_SECONDS
    assert not modules & (HEAVY | {"iree.turbine"})


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("path", HEADED, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_say_their_licence(path: Path) -> None:
    head = path.read_text()[:200]
    assert "Copyright 2026 The tlm-mlir Authors" in head
    assert "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception" in head
