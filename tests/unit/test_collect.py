# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Collecting goes on where it was interrupted, and ends. Nothing is measured: times are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from samples import TARGETS, matmul

from tlm_mlir.cli import main
from tlm_mlir.measure.database import Database
from tlm_mlir.measure.runner import Job, JobResult, Limits
from tlm_mlir.measure.worker import Measured
from tlm_mlir.training.corpus.entries import Entry
from tlm_mlir.training.records import collect
from tlm_mlir.training.records.collect import CANDIDATES, random_proposer

CPU = TARGETS["avx512"]
ENTRIES = [
    Entry(matmul(extents=(size, 64, 200)).to_json(), "network", "contraction", "no source")
    for size in (64, 96, 128)
]
GOOD = Measured("ok", 1e-3, 9)


class Given:
    """Stands for `measure_batches`; ends like an interrupt after so many jobs, where told."""

    def __init__(self, stop: int | None = None) -> None:
        self.stop, self.done = stop, 0

    def __call__(
        self, jobs: Iterable[Job], *, on_result: Callable[[JobResult], None], limits: Limits
    ) -> None:
        for job in jobs:
            if self.done == self.stop:
                raise KeyboardInterrupt
            self.done += 1
            on_result(JobResult(job, GOOD, (GOOD,) * len(job.candidates)))


def collected(
    path: Path, given: Given, monkeypatch: pytest.MonkeyPatch, round_: int = 0, batches: int = 2
) -> int:
    monkeypatch.setattr(collect, "measure_batches", given)
    with Database(path) as database:
        return collect.collect(
            ENTRIES, CPU, database, random_proposer(given.done), round_=round_, batches=batches
        )


def test_it_goes_on_where_it_was_interrupted_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, first, second, third = tmp_path / "own.db", Given(stop=2), Given(), Given()
    with pytest.raises(KeyboardInterrupt):
        collected(path, first, monkeypatch)
    collected(path, second, monkeypatch)
    assert first.done + second.done == 2 * len(ENTRIES)
    with Database(path) as database:
        for entry in ENTRIES:
            assert len(list(database.records(entry.workload))) == 2 * CANDIDATES + 1
    assert collected(path, third, monkeypatch) == 0 and not third.done


def test_another_round_measures_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own.db"
    collected(path, Given(), monkeypatch, batches=1)
    more = Given()
    collected(path, more, monkeypatch, round_=1, batches=1)
    assert more.done == len(ENTRIES)


def test_no_workloads_are_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "own.db")
    assert main(["collect", "--corpus", "c.xz", "--database", path, "--workloads", "0"]) == 1
    assert "--workloads 0 leaves nothing; give 1 or more" in capsys.readouterr().err
