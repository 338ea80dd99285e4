# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scripts that are kept: checked against a module, and carried over to a renamed one."""

from __future__ import annotations

from pathlib import Path

import pytest

import tlm_mlir
from tlm_mlir.cli import main

LIT = Path(__file__).resolve().parents[2] / "lit"
ATTENTION = LIT / "attention.mlir"
ZEN3 = ["--cpu", "znver3", "--cores", "2"]


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scripts") / "script.mlir"
    assert main(["script", str(ATTENTION), *ZEN3, "-o", str(path)]) == 0
    return path


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    path = tmp_path / "renamed.mlir"
    path.write_text(ATTENTION.read_text().replace("@main", "@another"))
    return path


def check(module: Path, script: Path, *target: str) -> int:
    return main(["check", str(module), *(target or ZEN3), "--script", str(script)])


def test_the_same_script_is_written_twice(script: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.mlir"
    assert main(["script", str(ATTENTION), *ZEN3, "-o", str(again)]) == 0
    assert again.read_bytes() == script.read_bytes()


def test_a_script_matches_its_module(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(ATTENTION, script) == 0
    first, line, last = capsys.readouterr().out.splitlines()
    assert "for IREE 3.13.0" in first and first.endswith("of attention.mlir")
    assert line.startswith("  @schedule_0 (attention 4x64x32x32x48 f32 and 1 more op, ")
    assert line.endswith("x) matches main_dispatch_0_attention_4x64x32x32x48")
    assert last.startswith("1 of 1 sequences match,")


def test_a_script_is_carried_over_to_another_name(
    script: Path, renamed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stock `iree-compile` applies nothing then, and says nothing."""
    assert check(renamed, script) == 1
    found = capsys.readouterr().out
    assert "is called another_dispatch_0_attention_4x64x32x32x48 here" in found
    assert "0 of 1 sequences match, 1 under another name" in found
    carried = tmp_path / "carried.mlir"
    arguments = ["script", str(renamed), *ZEN3, "--from", str(script), "-o", str(carried)]
    assert main(arguments) == 0
    assert check(renamed, carried) == 0
    names = {"@main": "@another", "main_dispatch": "another_dispatch", "attention.mlir": ""}
    old, new = script.read_text(), carried.read_text().replace("renamed.mlir", "")
    for name, other in names.items():
        old = old.replace(name, other)
    assert new == old


def test_scripts_for_something_else(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(LIT / "matmul.mlir", script) == 1
    assert "and nothing here is like it" in capsys.readouterr().out
    assert check(ATTENTION, script, "--cpu", "x86-64-v2") == 1
    assert "is for another target than the module" in capsys.readouterr().err
    out = tmp_path / "out.mlir"
    wrong = ["script", str(LIT / "matmul.mlir"), *ZEN3, "--from", str(script), "-o", str(out)]
    assert main(wrong) == 1
    assert "the module has none of the dispatches that the script" in capsys.readouterr().err
    assert not out.exists()


def test_a_script_of_another_release_is_refused(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.mlir"
    old.write_text(script.read_text().replace('tlm.iree = "3.13.0"', 'tlm.iree = "3.12.0"'))
    assert check(ATTENTION, old) == 1
    assert "was written for IREE 3.12.0 and this is 3.13.0" in capsys.readouterr().err


def test_a_program_is_compiled_with_saved_schedules(
    script: Path, renamed: Path, tmp_path: Path
) -> None:
    options = tlm_mlir.Options(cpu="znver3", cores=2, graph=False)
    saved = tlm_mlir.SavedSchedules.load(script)
    report = tlm_mlir.compile(renamed, tmp_path / "saved.vmfb", options, scheduler=saved)
    (row,) = report.dispatches
    written = tlm_mlir.schedule(renamed, options).explain().report.dispatches[0]
    assert row.outcome == "scheduled" and row.schedule == written.schedule
    assert row.compared_by == "what the script says"
