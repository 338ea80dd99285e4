# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir doctor`: one line a check, and what it says of what is broken."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tlm_mlir.cli import main
from tlm_mlir.compiler import doctor
from tlm_mlir.compiler.doctor import Finding, examine
from tlm_mlir.model import cache, prebuilt
from tlm_mlir.model.cache import compiled_step, step_state
from tlm_mlir.model.checkpoint import default_dir


def found(check: str, model: Path | None = None) -> Finding:
    """What one check finds."""
    return next(finding for finding in examine(model) if finding.check == check)


def test_all_is_well_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    told = capsys.readouterr()
    lines = [line.split(maxsplit=2) for line in told.out.splitlines()]
    assert [line[0] for line in lines] == ["ok"] * len(lines) and not told.err
    names = ["Python", "IREE", "passes", "model", "cache", "step", "CPU", "cores", "compile"]
    assert [line[1] for line in lines] == names


def test_a_damaged_model_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model"
    shutil.copytree(default_dir(), model)
    trees = next(model.glob("cost-model-*"))
    trees.write_bytes(trees.read_bytes()[:-1])
    assert main(["doctor", "--model", str(model)]) == 1
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("WRONG")]
    assert "is damaged" in wrong[0] and wrong[0].split()[1] == "model"


def test_another_iree_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "RELEASE", "9.9.9")
    finding = found("IREE")
    assert finding.wrong and "pip install iree-base-compiler==9.9.9" in finding.text


def test_a_missing_package_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tlm_mlir.model.checkpoint", None)
    finding = found("model")
    assert finding.wrong and "install tlm-mlir again" in finding.text


def test_a_cache_that_cannot_be_written_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    finding = found("cache")
    assert finding.wrong and "cannot be written (Not a directory)" in finding.text


def test_the_state_of_the_step_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step, store = tmp_path / "step.mlir", tmp_path / "cache"
    step.write_text("module {}")
    monkeypatch.setattr(cache, "_compile", lambda source: b"bytecode")
    assert step_state(step, store).startswith("not compiled yet; the next compile does that")
    compiled_step(step, store)
    (entry,) = store.iterdir()
    assert step_state(step, store) == f"compiled for this machine, {entry}"
    entry.write_bytes(b"rubbish")
    assert step_state(step, store).startswith("the entry of the cache is damaged; ")
    monkeypatch.setattr(prebuilt, "find", lambda text: entry)
    compiled_step(step, tmp_path / "other")
    (whole,) = (tmp_path / "other").iterdir()
    whole.replace(entry)
    assert step_state(step, store) == f"prebuilt, {entry}"
