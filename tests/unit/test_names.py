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

LAYERS = (
    *(("errors",), ("files",), ("iree",), ("ir",), ("targets.target",), ("language",)),
    *(("targets",), ("targets.cpu", "targets.gpu"), ("targets.cuda", "targets.vulkan")),
    *(("targets.*",), ("targets.registry",), ("targets.dispatches",), ("targets.iree_default",)),
    *(("decisions", "model"), ("policy",), ("compiler",), ("measure",)),
    *(("training.corpus",), ("training.records",), ("training.fit",), ("training",)),
    *(("bench", "api", "frontends"), ("cli", "lit")),
)
RANKS = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}
"""Imports go from a room of a higher rank to one of a lower rank, or stay inside of it. `targets.*`
is any other backend: it may build on those before."""


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


def room(name: str) -> str:
    """The room of a module of ours: the longest name that has a rank, empty if none has."""
    backend = ".".join(name.split(".")[:2])
    if name.startswith("targets.") and (PACKAGE / backend.replace(".", "/")).is_dir():
        return backend if backend in RANKS else "targets.*"
    while name and name not in RANKS:
        name = name.rpartition(".")[0]
    return name


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_torch_stays_in_training(path: Path) -> None:
    found = {name.split(".")[0] for name in imports(path)}
    assert not found & PICKLES
    if not name_of(path).startswith("training"):
        assert not found & HEAVY


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    own = room(name_of(path))
    for name in imports(path):
        other = room(name.removeprefix("tlm_mlir.")) if name.startswith("tlm_mlir.") else ""
        if own and other and other != own:
            assert RANKS[other] < RANKS[own], f"{name_of(path)} imports {name}"


def test_no_modules_import_one_another() -> None:
    sources = {name_of(path): path for path in SOURCES}
    graph = {}
    for name, path in sources.items():
        needed = {other.removeprefix("tlm_mlir.") for other in imports(path)}
        # A folder is none that a file in it imports.
        graph[name] = {
            other for other in needed & sources.keys() if not f"{name}.".startswith(f"{other}.")
        }
    # Away with what imports nothing that is left: what remains goes round in circles.
    while free := {name for name, needed in graph.items() if not needed & graph.keys()}:
        graph = {name: needed for name, needed in graph.items() if name not in free}
    assert not graph


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
