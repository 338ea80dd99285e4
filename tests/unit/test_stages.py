# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The stages of learning are commands of `tlm-mlir`."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from tlm_mlir.cli import main
from tlm_mlir.training.stages import STAGES

MODEL = Path(__file__).resolve().parents[2] / "model"


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_tells_its_arguments(stage: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([stage.name, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: tlm-mlir {stage.name} ")


def test_flags_may_come_before_other_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(MODEL / "records" / "graph.jsonl.xz")
    assert main(["records", "--iree", "1.0.0", path]) == 0
    head, _, row, _ = capsys.readouterr().out.splitlines()
    assert "IREE 1.0.0" in head
    assert row.split() == ["graph.jsonl.xz", "372", "0", "0", "372", "(100.0%)", "0"]


def test_a_stage_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whether it is imported at once or later."""
    records = tmp_path / "records.jsonl"
    records.write_text("")
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name.split(".")[0] in ("torch", "transformers"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    assert main(["train", str(tmp_path / "run"), "--records", str(records)]) == 1
    said = capsys.readouterr().err
    assert "train needs t" in said and "pip install tlm-mlir[train]" in said
