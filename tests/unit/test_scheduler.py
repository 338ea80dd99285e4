# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""When a schedule replaces IREE's default: with a clear lead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from samples import TARGETS, attention, matmul
from test_gpu_estimate import HOPPER
from test_trees import TREES

from tlm_mlir.compiler.scheduler import Scheduler
from tlm_mlir.errors import CheckpointError
from tlm_mlir.language.schedule import DEFAULT, Decision, Schedule
from tlm_mlir.model.checkpoint import Checkpoint
from tlm_mlir.targets import llvm_cpu, registry

CPU = TARGETS["avx512"]


def schedule(peel: str) -> Schedule:
    return Schedule((Decision("pipeline", -1, llvm_cpu.TILE), Decision("peel", -1, peel)))


FIRST, SECOND = schedule(llvm_cpu.PEEL[0]), schedule(llvm_cpu.PEEL[1])
STANDARD = Schedule((Decision("pipeline", -1, DEFAULT),))


@pytest.mark.parametrize(
    "foretold, standard, chosen",
    [
        ([-0.3, -0.4], STANDARD, SECOND),
        ([-0.3, 1.0], STANDARD, FIRST),
        ([-0.1, -0.2], STANDARD, STANDARD),
        ([2.0, 3.0], None, FIRST),
    ],
)
def test_the_best_foretold_replaces_a_default_that_it_clearly_beats(
    foretold: list[float], standard: Schedule | None, chosen: Schedule
) -> None:
    scheduler = Scheduler.__new__(Scheduler)
    scheduler.margin = 0.2
    assert scheduler._better([FIRST, SECOND], np.array(foretold), standard) == chosen


def test_a_default_with_wrong_values_is_no_schedule() -> None:
    assert registry.task(matmul(), CPU).default == STANDARD
    assert registry.task(attention(), CPU).default == STANDARD
    wide = attention()
    head = {wide.extents[dim] for dim in llvm_cpu._head_dims(wide)}
    wide = type(wide)((12, 128, 64, 256, 197), wide.ops, wide.root)
    assert head == {64} and registry.task(wide, CPU).default is None


def test_the_default_itself_is_never_judged() -> None:
    scheduler = Scheduler.__new__(Scheduler)

    def judge(rows: np.ndarray) -> np.ndarray:
        return np.full(len(rows), -1.0)

    judge.rows = lambda facts: np.zeros((len(facts), 1))  # type: ignore[attr-defined]
    scheduler._judges = {CPU.backend: judge}  # type: ignore[dict-item]
    task = registry.task(matmul(), CPU)
    drawn = task.random(np.random.default_rng(0))
    (found,) = scheduler.foretell([task], [None], [[STANDARD, drawn, STANDARD]])
    assert found.tolist() == [0.0, -1.0, 0.0]


def test_a_judge_of_one_gpu_serves_no_other() -> None:
    scheduler = Scheduler.__new__(Scheduler)
    measured, other = HOPPER, replace(HOPPER, shared=1 << 16)
    scheduler._judges = {}
    assert not scheduler.judges(measured)
    scheduler._judges = {"cuda": replace(TREES, targets=(measured.to_json(),))}
    assert scheduler.judges(measured) and not scheduler.judges(other)


def test_a_judge_of_some_cpus_serves_all() -> None:
    scheduler = Scheduler.__new__(Scheduler)
    scheduler._judges = {"llvm-cpu": TREES}
    assert scheduler.judges(CPU)


def test_a_checkpoint_without_a_judge() -> None:
    scheduler = Scheduler.__new__(Scheduler)
    scheduler._judges = {}
    scheduler._checkpoint = Checkpoint(Path("ck"), {}, {})
    with pytest.raises(CheckpointError, match="ck has no judge for llvm-cpu; make one"):
        scheduler.foretell([registry.task(matmul(), CPU)], [None], [[STANDARD]])
