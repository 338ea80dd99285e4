# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""All stages of the recipe, two steps each, on a few workloads; stopped in the middle, resumed."""

from __future__ import annotations

import json
import lzma
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

for package in ("torch", "transformers", "iree.turbine", "lightgbm"):
    pytest.importorskip(package, reason="training needs the extra `train`")

from tlm_mlir.measure.lines import canonical, write_lines
from tlm_mlir.model.checkpoint import load
from tlm_mlir.policy.scheduler import Scheduler
from tlm_mlir.training.corpus.entries import read, write
from tlm_mlir.training.corpus.split import share
from tlm_mlir.training.recipe import LOG, TINY, Settings, stages
from tlm_mlir.training.records.rows import Reader

MODEL = Path(__file__).resolve().parents[2] / "model"
ROWS = 12


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Arguments of the recipe for a few rows of each file of records, and a corpus of theirs."""
    entries = {entry.workload: entry for entry in read(MODEL / "corpus" / "training.jsonl.xz")}
    kept = {}
    folder = tmp_path / "records"
    folder.mkdir()
    for path in sorted((MODEL / "records").glob("*.jsonl.xz")):
        rows, chosen = [], ""
        with lzma.open(path, "rt") as lines:
            for row in map(json.loads, lines):
                text = canonical(row["workload"])
                known = text in entries or path.name.startswith("graph")
                if not chosen and known and share(text) >= 0.08:
                    chosen = text
                if text == chosen and len(rows) < ROWS:
                    rows.append(row)
                elif len(rows) == ROWS or (rows and text != chosen):
                    break
        write_lines(folder / path.name, rows, preset=0)
        if chosen in entries:
            kept[chosen] = entries[chosen]
    write(kept.values(), tmp_path / "corpus.jsonl.xz")
    places = ["--records", str(folder), "--corpus", str(tmp_path / "corpus.jsonl.xz")]
    return [str(tmp_path / "run"), "--tiny", *places]


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "tlm_mlir", "recipe", *arguments]


@pytest.mark.timeout(1200)
def test_the_recipe_runs_is_stopped_and_resumes(arguments: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = Settings(tmp_path / "records", tmp_path / "corpus.jsonl.xz", **TINY)
    some = {stage.name: stage for stage in stages(run, settings)}
    with subprocess.Popen(
        _command(arguments), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "] second:" in line:
                os.killpg(process.pid, signal.SIGKILL)
                break
    assert not some["second"].done and some["first"].done
    before = {name: stage.output.stat().st_mtime_ns for name, stage in some.items() if stage.done}
    assert list(before) == ["unmeasured", "pretrain", "first", "more"]
    assert set(json.loads((run / LOG).read_text())) == set(before)

    ran = subprocess.run(_command(arguments), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [name for name, stage in some.items() if not stage.done] == []
    assert before == {name: some[name].output.stat().st_mtime_ns for name in before}
    assert ran.stdout.count("is there") == 4
    checkpoint = load(run / "train" / "checkpoint")
    assert checkpoint.config["n_layer"] == 1 and checkpoint.cost_models() == ["llvm-cpu"]
    (rows, *_) = Reader([run / "examples.jsonl.xz"])
    assert rows.predicted and Scheduler(checkpoint.directory).sample(rows.task, 2, seed=0)
