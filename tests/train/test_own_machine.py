# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The three commands of docs/own-machine.md on two workloads; the first is killed and goes on."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("lightgbm", reason="training needs the extra `train`")

from tlm_mlir.cli import main
from tlm_mlir.model.checkpoint import cost_model_file, default_dir, load
from tlm_mlir.training.corpus.entries import read, write

ROOT = Path(__file__).resolve().parents[2]
TRIES = 3


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two small contractions."""
    entries = read(ROOT / "model" / "corpus" / "training.jsonl.xz")
    some = [e for e in entries if e.kind == "contraction" and len(e.source) < 6000]
    path = tmp_path / "corpus.jsonl.xz"
    write(some[:2], path)
    return path


def _records(path: Path) -> dict[tuple[str, str], float]:
    """Seconds by workload and schedule."""
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as connection:
        try:
            rows = connection.execute("SELECT workload, schedule, seconds FROM records")
            return {(workload, schedule): seconds for workload, schedule, seconds in rows}
        except sqlite3.OperationalError:  # It is just being made.
            return {}


@pytest.mark.timeout(900)
def test_from_nothing_to_a_checkpoint_of_ones_own(
    tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, exported, own = (tmp_path / name for name in ("own.db", "own.jsonl.xz", "own"))
    collect = ["collect", "--corpus", str(corpus), "--database", str(database)]
    collect += ["--export", str(exported), "--proposer", "search"]
    command = [sys.executable, "-m", "tlm_mlir", *collect]
    before: dict[tuple[str, str], float] = {}
    with subprocess.Popen(command, start_new_session=True) as process:
        while process.poll() is None and not before:
            before = _records(database)
            time.sleep(0.02)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    for _ in range(TRIES):
        assert main(collect) == 0
        found = _records(database)
        if len({workload for workload, _ in found}) == 2:
            break
    else:
        pytest.skip("other programs use the cores")
    assert before.items() <= found.items() and len(found) == 22
    assert main(collect) == 0 and _records(database) == found

    learn = ["cost-model", str(own), "--from", "released", "--corpus", str(corpus)]
    learn += ["--records", str(exported), "--rounds", "3", "--validation", "0"]
    assert main(learn) == 0
    name = cost_model_file("llvm-cpu")
    assert (own / name).read_bytes() != (default_dir() / name).read_bytes()
    assert load(own).config == load().config

    out, module = tmp_path / "out.vmfb", ROOT / "lit" / "matmul.mlir"
    capsys.readouterr()
    assert main(["compile", str(module), "-o", str(out), "--model", str(own)]) == 0
    assert out.stat().st_size and "half a minute" not in capsys.readouterr().err
    assert main(learn) == 1
    assert f"{own} exists; leave out --from" in capsys.readouterr().err
