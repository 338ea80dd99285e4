# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A corpus is read for the machine at hand, and only undisturbed measures become records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from samples import TARGETS, convolution, matmul

from tlm_mlir.errors import InputError
from tlm_mlir.measure.runner import JobResult
from tlm_mlir.measure.worker import Measured
from tlm_mlir.targets.cpu.host import cache_sizes
from tlm_mlir.training.corpus.entries import Entry, classify, read, read_for_host, write
from tlm_mlir.training.records import collect

CORPUS = Path(__file__).resolve().parents[2] / "model" / "corpus" / "held_out.jsonl.xz"


def entry(workload) -> Entry:
    return Entry(workload.to_json(), "net", classify(workload), "")


def test_sources_of_another_machine_are_for_this_one(tmp_path: Path) -> None:
    found = read(CORPUS)[0]
    foreign = replace(found, source=found.source.replace('cpu = "', 'cpu = "another-', 1))
    write([foreign], tmp_path / "c.jsonl.xz")
    (rewritten,), target = read_for_host(tmp_path / "c.jsonl.xz", cores=3)
    assert "another-" not in rewritten.source
    assert rewritten.source.splitlines()[1:] == found.source.splitlines()[1:]
    assert target.backend == "llvm-cpu" and target.cores == 3
    assert (target.l1, target.l2, target.l3) == cache_sizes()


def test_an_empty_or_foreign_corpus_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl.xz"
    write([], path)
    with pytest.raises(InputError, match="is empty; make it again"):
        read_for_host(path)
    write([entry(matmul())], path)
    with pytest.raises(InputError, match="does not begin with its target"):
        read_for_host(path)


def test_other_ops_than_contractions_count_tenfold() -> None:
    entries = [entry(matmul()), entry(convolution())]
    flops = [workload.flops for workload in (matmul(), convolution())]
    assert len(collect.affordable(entries, max(flops[0], 10 * flops[1]))) == 2
    assert entries[1] not in collect.affordable(entries, 10 * flops[1] - 1)


def test_a_batch_whose_default_was_disturbed_leaves_no_record() -> None:
    found, target = entry(matmul()), TARGETS["avx512"]
    job = collect.job(found, matmul(), target, ["pipeline:default <end>"])
    quiet, slow = Measured("ok", 2e-3, 9), Measured("ok", 9e-3, 1, disturbed=True)
    records = list(collect._records(JobResult(job, quiet, (slow,)), 2))
    # One cold run shows that a candidate is far too slow: an upper bound, and worth learning from.
    assert [record.seconds for record in records] == [2e-3, 9e-3]
    disturbed = replace(quiet, disturbed=True)
    assert not list(collect._records(JobResult(job, disturbed, (slow,)), 2))
