# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""When a schedule replaces IREE's default: with a clear lead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from samples import TARGETS, attention, matmul, packed
from test_boosted_trees import TREES
from test_gpu_estimate import HOPPER

from tlm_mlir.decisions.points import early_task
from tlm_mlir.errors import CheckpointError
from tlm_mlir.ir.analysis import head_dims
from tlm_mlir.ir.workload import Workload
from tlm_mlir.language.schedule import DEFAULT, Decision, Schedule
from tlm_mlir.policy.compare import ESTIMATE, MEASUREMENTS, Comparer
from tlm_mlir.policy.scheduler import UNWRITTEN, Answer, Candidate, Scheduler
from tlm_mlir.targets import registry
from tlm_mlir.targets.cpu.tile import PEEL, TILE

CPU = TARGETS["avx512"]


def schedule(peel: str) -> Schedule:
    return Schedule((Decision("pipeline", -1, TILE.token), Decision("peel", -1, peel)))


FIRST, SECOND = schedule(PEEL[0]), schedule(PEEL[1])
STANDARD = Schedule((Decision("pipeline", -1, DEFAULT),))
WIDE = replace(attention(), extents=(12, 128, 64, 256, 197))
"""An attention that IREE's default gives wrong values."""


@pytest.mark.parametrize(
    "predicted, workload, chosen",
    [
        ([-0.3, -0.4], matmul(), SECOND),
        ([-0.3, 1.0], matmul(), FIRST),
        ([-0.1, -0.2], matmul(), STANDARD),
        ([2.0, 3.0], WIDE, FIRST),
    ],
)
def test_the_best_predicted_replaces_a_default_that_it_clearly_beats(
    predicted: list[float], workload: Workload, chosen: Schedule
) -> None:
    scheduler = Scheduler.__new__(Scheduler)
    scheduler.margin = 0.2
    task = registry.task(workload, CPU)
    answer = scheduler._answer(task, [FIRST, SECOND], np.array(predicted), MEASUREMENTS)
    pairs = sorted(zip(predicted, (FIRST, SECOND), strict=True), key=lambda pair: pair[0])
    compared = tuple(Candidate(some, log) for log, some in pairs)
    assert answer == Answer(chosen, min(predicted), MEASUREMENTS, 0.2, compared)


def test_a_default_with_wrong_values_is_no_schedule() -> None:
    assert registry.task(matmul(), CPU).default == STANDARD
    assert registry.task(attention(), CPU).default == STANDARD
    head = {attention().extents[dim] for dim in head_dims(attention())}
    assert head == {64} and registry.task(WIDE, CPU).default is None


def test_the_default_itself_is_never_predicted() -> None:
    def model(rows: np.ndarray) -> np.ndarray:
        return np.full(len(rows), -1.0)

    model.rows = lambda features: np.zeros((len(features), 1))  # type: ignore[attr-defined]
    comparer = Comparer({CPU.backend: model}, "ck")  # type: ignore[dict-item]
    task = registry.task(matmul(), CPU)
    drawn = task.random(np.random.default_rng(0))
    (found,) = comparer.predict([task], [None], [[STANDARD, drawn, STANDARD]])
    assert found.tolist() == [0.0, -1.0, 0.0]


def test_a_cost_model_of_one_gpu_serves_no_other() -> None:
    task, other = (
        registry.task(matmul(), target) for target in (HOPPER, replace(HOPPER, shared=1 << 16))
    )
    assert Comparer({}, "ck").compared_by(task) == ESTIMATE
    comparer = Comparer({"cuda": replace(TREES, targets=(HOPPER.to_json(),))}, "ck")
    assert comparer.compared_by(task) == MEASUREMENTS
    assert comparer.compared_by(other) == ESTIMATE


def test_a_cost_model_of_some_cpus_serves_all() -> None:
    comparer = Comparer({"llvm-cpu": TREES}, "ck")
    assert comparer.compared_by(registry.task(matmul(), CPU)) == MEASUREMENTS


def test_a_cost_model_of_dispatches_serves_no_op_before_them() -> None:
    task = early_task(matmul(), CPU)
    assert Comparer({"llvm-cpu": TREES}, "ck").compared_by(task) == ESTIMATE


def test_a_checkpoint_without_a_cost_model() -> None:
    with pytest.raises(CheckpointError, match="ck has no cost model for llvm-cpu; make one"):
        Comparer({}, "ck").predict([registry.task(matmul(), CPU)], [None], [[STANDARD]])


@pytest.mark.parametrize(
    ("predicted", "chosen"),
    [([0.0, -0.3], 0), ([0.0, -0.5], 1), ([-0.3, -0.4], 0), ([-0.3, -0.6], 1)],
)
def test_a_schedule_that_the_model_did_not_write_needs_a_longer_lead(
    predicted: list[float], chosen: int
) -> None:
    scheduler = Scheduler.__new__(Scheduler)
    scheduler.margin = 0.2
    task = registry.task(matmul(), CPU)
    some = [STANDARD if predicted[0] == 0 else FIRST, SECOND]
    answer = scheduler._answer(task, some, np.array(predicted), ESTIMATE, unwritten=1)
    assert answer.schedule == some[chosen]
    assert Candidate(SECOND, predicted[1], UNWRITTEN) in answer.candidates


def test_what_was_measured_needs_no_longer_lead() -> None:
    scheduler = Scheduler.__new__(Scheduler)
    scheduler.margin = 0.2
    task = registry.task(matmul(), CPU)
    logs = np.array([0.0, -0.3])
    answer = scheduler._answer(task, [STANDARD, SECOND], logs, MEASUREMENTS, unwritten=1)
    assert answer.schedule == SECOND and answer.candidates[0] == Candidate(SECOND, -0.3)


def test_a_cost_model_of_packing_corrects_the_estimate() -> None:
    def model(rows: np.ndarray) -> np.ndarray:
        return np.full(len(rows), 0.25)

    model.rows = lambda features: np.zeros((len(features), 1))  # type: ignore[attr-defined]
    model.targets = (CPU.to_json(),)  # type: ignore[attr-defined]
    comparer = Comparer({"llvm-cpu-graph-packing": model}, "ck")  # type: ignore[dict-item]
    task = replace(early_task(matmul(), CPU), sources=("stored", "constant"))
    assert comparer.compared_by(task) == MEASUREMENTS and task.default is not None
    (tiled,) = (some for some in task.one_token if not some.is_default)
    (found,) = comparer.predict([task], [task.default], [[task.default, tiled]])
    estimated = np.log(task.estimate(tiled) / task.estimate(task.default))
    assert found.tolist() == pytest.approx([0.0, estimated + 0.25])


def test_what_has_a_sketch_is_not_left_to_iree_for_a_short_lead() -> None:
    """A product with packed weights that was left to IREE took 2.4 times as long as stock."""
    scheduler = Scheduler.__new__(Scheduler)
    scheduler.margin = 0.3
    task = registry.task(packed(), CPU)
    assert task.reference is not None and task.default is not None
    answer = scheduler._answer(
        task, [task.default, task.reference], np.array([0.0, -0.1]), ESTIMATE
    )
    assert (answer.schedule, answer.margin) == (task.reference, 0.0)


def test_a_schedule_that_was_written_twice_is_one_candidate() -> None:
    scheduler = Scheduler.__new__(Scheduler)
    scheduler.margin = 0.2
    task = registry.task(matmul(), CPU)
    some = [FIRST, STANDARD, FIRST]
    answer = scheduler._answer(task, some, np.array([-0.3, 0.0, -0.3]), MEASUREMENTS)
    assert [candidate.schedule for candidate in answer.candidates] == [FIRST, STANDARD]
