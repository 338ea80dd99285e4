# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The library in `passes/`: what each file must have, and copies of its sequences in scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from iree.compiler import ir, passmanager
from iree.compiler.dialects import transform

from tlm_mlir.decisions.script import ENTRY, empty_script, include
from tlm_mlir.errors import InputError
from tlm_mlir.iree import library
from tlm_mlir.iree.module import body, symbol

ROOT = Path(__file__).resolve().parents[2]
PASSES = ROOT / "passes"
FILES = sorted(path for path in PASSES.rglob("*") if path.suffix in (".mlir", ".passlist"))


def of_library(path: Path) -> str:
    return path.relative_to(PASSES).with_suffix("").as_posix()


@pytest.mark.parametrize("path", FILES, ids=of_library)
def test_a_file_says_what_it_does_and_is_run_by_lit(path: Path) -> None:
    head = path.read_text().split("\n\n")[0]
    assert "// before: " in head and "// after:  " in head
    test = (ROOT / "lit" / "passes" / of_library(path)).with_suffix(".mlir")
    assert "// RUN: %" in test.read_text()
    assert f"`{of_library(path)}{path.suffix}`" in (PASSES / "README.md").read_text()


def test_every_test_of_a_file_has_its_file() -> None:
    folder = ROOT / "lit" / "passes"
    tests = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.mlir")}
    assert tests == {of_library(path) for path in FILES}


def test_names_are_used_once_and_are_none_of_a_script() -> None:
    text = "\n".join(path.read_text() for path in FILES)
    names = re.findall(r"named_sequence @(\w+)\(", text)
    assert sorted(names) == sorted(library.sequences())
    assert not [name for name in names if name.startswith(("schedule_", "__")) or name == ENTRY]


@pytest.mark.parametrize("path", FILES, ids=of_library)
def test_passes_are_registered(path: Path) -> None:
    with ir.Context():
        if path.suffix == ".passlist":
            passmanager.PassManager.parse(f"func.func({library.pass_list(of_library(path))})")
        for name in re.findall(r'apply_registered_pass "([\w-]+)"', path.read_text()):
            passmanager.PassManager.parse(f"any({name})")


def test_a_list_is_one_line_with_what_it_includes() -> None:
    whole = library.pass_list("codegen/cpu/double_tiling")
    parts = [library.pass_list(f"codegen/cpu/{n}") for n in ("tile", "vectorize", "lower_vectors")]
    assert whole == ",".join(parts)
    assert "//" not in whole and "\n" not in whole and whole in library.pass_lists()


def test_a_list_that_does_not_exist() -> None:
    with pytest.raises(InputError, match="passes/ has no list of_nothing"):
        library.pass_list("codegen/cpu/of_nothing")


def test_what_a_script_includes_is_copied() -> None:
    with ir.Context(), ir.Location.unknown():
        script = empty_script()
        any_op = transform.AnyOpType.get()
        with ir.InsertionPoint(script.body):
            consumed = [{"transform.consumed": ir.UnitAttr.get()}]
            entry = transform.NamedSequenceOp("entry", [any_op], [], arg_attrs=consumed)
            with ir.InsertionPoint(entry.body):
                include("hide_convolutions", entry.bodyTarget)
                transform.YieldOp([])
        library.complete(script)
        names = [symbol(operation) for operation in body(script.operation)]
        assert names == ["entry", "hide_convolutions"]
        assert library.is_own(body(script.operation)[1])
        assert script.operation.verify()
        before = str(script)
        library.complete(script)
        assert str(script) == before


def test_a_copy_that_was_changed_is_not_the_librarys() -> None:
    text = library.sequences()["annotate_op"].text.replace("lowering_config", "other")
    header = "module attributes {transform.with_named_sequence} {"
    script = ir.Module.parse(f"{header}\n{text}\n}}", ir.Context())
    (operation,) = body(script.operation)
    assert symbol(operation) == "annotate_op" and not library.is_own(operation)


def test_a_script_that_includes_nothing_stays_as_it_is() -> None:
    with ir.Context(), ir.Location.unknown():
        script = empty_script()
        library.complete(script)
        assert not body(script.operation)


def test_a_package_without_its_library(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(library, "_PACKAGED", tmp_path / "a")
    monkeypatch.setattr(library, "_SOURCE", tmp_path / "b")
    with pytest.raises(InputError, match="install tlm-mlir again"):
        library.folder()
