# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is known of the pinned IREE stands in one folder, and the installed IREE knows it.

Another release makes the second half of these tests fail where names have changed.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from iree.compiler import ir, passmanager
from test_names import PACKAGE, ROOT, SOURCES, name_of

from tlm_mlir.iree import flags, ops, passes, phases
from tlm_mlir.iree.release import RELEASE, installed_iree
from tlm_mlir.iree.session import iree_compile

ROOM = "iree"
# `--iree-arg` is an option of ours, and `--iree-` alone what tables of flags leave out.
FLAG = re.compile(r"--(iree-(?!arg$|$)|compile-(to|from))")
PASS = re.compile(
    r"\biree-(codegen|llvmcpu|llvmgpu|spirv|linalg-ext|global-opt|preprocessing"
    r"|dispatch-creation|flow|stream|hal|opt)-"
)
ATTRIBUTE = re.compile(r"#(iree_\w+|hal|util|flow|stream)\.")
OP = re.compile(r"!?(hal|util|flow|stream|vm|iree_\w+)\.[a-z_.]*")


def constants(module: ModuleType) -> dict[str, str]:
    """The texts that a module names."""
    found = vars(module).items()
    return {name: value for name, value in found if name[0] != "_" and isinstance(value, str)}


PHASES = frozenset(constants(phases).values()) - {phases.HAL}
"""`hal` is a word of other things, too."""


def texts(path: Path) -> Iterator[str]:
    """The literals of a file that are no docstrings."""
    tree = ast.parse(path.read_text())
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in documents:
                yield node.value


def strays(path: Path) -> list[str]:
    """The literals of a file that are names of IREE's."""
    patterns = [FLAG.search, PASS.search, OP.fullmatch, ATTRIBUTE.search]
    return [
        text for text in texts(path) if text in PHASES or any(pattern(text) for pattern in patterns)
    ]


OUTSIDE = [path for path in SOURCES if path.relative_to(PACKAGE).parts[0] != ROOM]
WRITES_PROGRAMS = {
    *("training.corpus.one_op_programs", "training.corpus.drawn_programs"),
    "bench.value_programs",
}
"""Programs for measuring are text, with the attribute that names a parameter."""


@pytest.mark.parametrize("path", OUTSIDE, ids=name_of)
def test_names_of_irees_stand_in_one_folder(path: Path) -> None:
    if name_of(path) not in WRITES_PROGRAMS:
        assert strays(path) == []


@pytest.mark.parametrize(
    "literal",
    [
        *('"--iree-opt-data-tiling"', 'f"--compile-to={phase}"', '"executable-sources"'),
        *('"iree-codegen-decompose-softmax"', '"hal.executable"', '"iree_encoding."'),
        *('"#hal.pipeline.layout<>"', '"#iree_gpu.lowering_config<{}>"'),
    ],
)
def test_a_stray_name_is_found(literal: str, tmp_path: Path) -> None:
    path = tmp_path / "stray.py"
    path.write_text(f'"""`{literal[1:-1]}` in a docstring is none."""\nNAME = {literal}\n')
    assert len(strays(path)) == 1


def test_this_is_the_release_that_is_pinned_and_installed() -> None:
    """Fails first when IREE's version is changed; CONTRIBUTING.md tells what to do then."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"iree-base-compiler=={RELEASE}" in project["dependencies"]
    assert f"iree-base-runtime=={RELEASE}" in project["dependencies"]
    assert installed_iree() == RELEASE == version("iree-base-runtime")


@pytest.mark.parametrize("name", constants(passes))
def test_a_pass_is_registered(name: str) -> None:
    registered = constants(passes)[name]
    with ir.Context():
        passmanager.PassManager.parse(f"any({registered})")


@pytest.mark.parametrize("name", constants(passes))
def test_the_file_of_a_pass_is_named(name: str) -> None:
    source = (PACKAGE / ROOM / "passes.py").read_text()
    assert re.search(rf'^{name} = "[\w-]+"\n"""[\w/]+\.cpp: ', source, re.MULTILINE)


def test_phases_and_flags_are_known() -> None:
    known = iree_compile("--help-hidden", []).stdout
    assert not [name for name in constants(phases).values() if f"={name} " not in known]
    named = [*constants(flags).values(), *(gpu.flag for gpu in flags.GPUS.values())]
    assert not [flag for flag in named if f"  {flag}" not in known]


def test_ops_are_known() -> None:
    names = [name for name in constants(ops).values() if OP.fullmatch(name)]
    with ir.Context() as context:
        for name in names:
            dialect, _, op = name.lstrip("!").partition(".")
            assert context.dialects[dialect]
            if op and not name.startswith("!"):
                assert context.is_registered_operation(name), name
