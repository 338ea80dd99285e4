# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products with packed weights: what is recognized, what the estimate prefers, who is asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from samples import MULTIPLY_ADD, TARGETS, convolution, matmul, op, operand, packed

from tlm_mlir.decisions.weights import QUESTION, blocks, find_form, panel_shape
from tlm_mlir.ir.analysis import panels
from tlm_mlir.ir.sources import CONSTANT, STORED
from tlm_mlir.ir.workload import Index, Operand, Workload
from tlm_mlir.language import sampling
from tlm_mlir.language.schedule import Decision, Schedule
from tlm_mlir.policy.compare import ESTIMATE, MEASUREMENTS, Comparer
from tlm_mlir.policy.cost_model import CostModel
from tlm_mlir.policy.scheduler import Scheduler
from tlm_mlir.targets import registry
from tlm_mlir.targets.cpu.limits import MAX_UNROLLED_REGISTERS
from tlm_mlir.targets.cpu.panel import PANEL, shape_of
from tlm_mlir.targets.cpu.panel_estimate import (
    PanelShape,
    best,
    estimate,
    most_rows,
    open_blocks,
    open_unrolls,
    open_vectors,
)
from tlm_mlir.targets.target import CpuTarget
from tlm_mlir.targets.task import Task

AVX512, AVX2 = TARGETS["avx512"], TARGETS["avx2"]


def product(m: int, n: int, k: int) -> Workload:
    """A matmul without a bias."""
    root = op("0p 1p 2r", [operand(0, 2), operand(2, 1)], [operand(0, 1)], MULTIPLY_ADD)
    return Workload((m, n, k), (root,), 0)


def test_a_sum_of_an_odd_number_of_steps_is_not_packed() -> None:
    """337 channels were scalar code, 28 times slower than estimated; of 3 all are unrolled."""
    for channels, some in ((337, ()), (338, (16, 32)), (3, (16, 32)), (9, ())):
        form = find_form(convolution((1, 22, 80, 64, 3, 3, channels)), 1)
        assert form is not None and tuple(b for b in blocks(form) if b > 8) == some


def test_panels_are_recognized() -> None:
    found = panels(packed())
    assert found is not None
    assert (found.rows, found.panel, found.column, found.summed) == ((0,), 1, 2, (3,))
    assert panels(packed((14, 8, 16, 64), (3, 3))) is not None
    assert panels(matmul()) is None
    # Too wide for a panel.
    assert panels(packed((96, 4, 128, 200))) is None


@pytest.mark.parametrize("target", ["avx512", "avx2"])
@pytest.mark.parametrize("workload", [packed(), packed((14, 8, 16, 64), (3, 3))])
def test_the_sketch_is_a_schedule_that_beats_the_default(workload: Workload, target: str) -> None:
    task = registry.task(workload, TARGETS[target])
    assert task.grammar().cursor().allowed() == ["pipeline:default", PANEL.token]
    (sketch,) = task.sketches()
    assert task.parse(task.text(sketch)) == sketch
    assert task.estimate(sketch) < task.estimate(task.default)


def test_rows_of_a_kernel_stay_in_registers() -> None:
    for target, columns, rows in ((AVX512, 32, 10), (AVX512, 16, 20), (AVX2, 16, 6), (AVX2, 8, 14)):
        assert most_rows(columns, target) == rows
        shape = PanelShape((512,), 8, columns, 256, 1, 512 * 256)
        assert np.prod(best(shape, target).vector) <= rows


@pytest.mark.parametrize("target", ["avx512", "avx2"])
def test_a_single_row_whose_dim_is_folded_has_schedules(target: str) -> None:
    """Found by the campaign of values: a convolution to one pixel was a traceback."""
    root = op("0p 1p 2r", [operand(2), operand(0, 2, 1)], [operand(0, 1)], MULTIPLY_ADD)
    task = registry.task(Workload((6, 16, 240), (root,), 0), TARGETS[target])
    (sketch,) = task.sketches()
    assert task.parse(task.text(sketch)) == sketch
    assert task.estimate(sketch) > 0
    drawn = task.random(np.random.default_rng(0))
    assert task.configuration(drawn).ops


def test_rows_a_page_apart_do_not_crowd_a_set() -> None:
    """Found by measuring: 16 rows of 1024 floats were twice as slow as 9."""
    far, near = (
        best(PanelShape((128,), 64, 16, k, 1, 128 * k, stride=4 * k), AVX512) for k in (1024, 1000)
    )
    assert np.prod(far.vector) <= 10 < np.prod(near.vector)


def test_the_stride_is_that_of_the_rows_in_memory() -> None:
    """A dispatch's shape, and the shape that is estimated before there is one, agree."""
    workload = packed((96, 4, 32, 200))
    found = panels(workload)
    assert found is not None and shape_of(workload, found).stride == 200 * 4
    form = find_form(product(96, 128, 200), 1)
    assert form is not None and panel_shape(form, 32).stride == 200 * 4


@pytest.mark.parametrize("target", [AVX512, AVX2], ids=["avx512", "avx2"])
@pytest.mark.parametrize("columns", [8, 16, 32])
@pytest.mark.parametrize("channels", [3, 5, 7, 16, 768])
def test_no_body_is_unrolled_beyond_the_limit(
    channels: int, columns: int, target: CpuTarget
) -> None:
    """Found by Hypothesis: 8 rows of 32 columns were offered 8 steps at a time."""
    shape = PanelShape((197,), 24, columns, channels, 1, 197 * channels)
    lanes = target.vector_bytes // 4
    for vector in open_vectors(shape, target):
        steps = open_unrolls(shape, vector, target)
        assert steps
        points = np.prod(vector) * columns * max(steps)
        assert points <= MAX_UNROLLED_REGISTERS * lanes


def groups(filters: int = 8) -> Workload:
    """A convolution of six groups, as it is once its weights are packed: points, groups, a panel,
    its columns, window, channels."""
    opaque = Index(((0, 1),), opaque=True), Index(((1, 1),), opaque=True)
    root = op(
        "0p 1p 2p 3p 4p 5r 6r 7r",
        [
            Operand("f32", (*opaque, Index(((2, 1),)), Index(((7, 1),)))),
            operand(2, 3, 5, 6, 7, 4),
        ],
        [operand(0, 1, 2, 3, 4)],
        MULTIPLY_ADD,
    )
    return Workload((14, 14, 6, 1, filters, 3, 3, 8), (root,), 0)


def test_a_kernel_is_of_one_group() -> None:
    """Groups multiply weights of their own: a kernel over them loads a vector for each product."""
    found = panels(groups())
    assert found is not None
    assert (found.rows, found.apart, found.panel, found.column) == ((0, 1, 2), (2,), 3, 4)
    shape = shape_of(groups(), found)
    assert shape.apart and shape.stride == 6 * 8 * 4
    for target in (AVX512, AVX2):
        assert {vector[-1] for vector in open_vectors(shape, target)} == {1}
        assert best(shape, target).vector[1] > 1
    task = registry.task(groups(), AVX512)
    drawn = task.random(np.random.default_rng(0))
    assert task.parse(task.text(drawn)) == drawn
    (sketch,) = task.sketches()
    assert task.estimate(sketch) < task.estimate(task.default)
    assert panels(packed((14, 8, 16, 64), (3, 3))).apart == ()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "columns, expected", [(8, (8,)), (4, (4,)), (48, (48,)), (3, ()), (6, ()), (96, ())]
)
def test_columns_of_groups_are_whole_vectors(columns: int, expected: tuple[int, ...]) -> None:
    assert open_blocks(columns, 8, groups=True) == expected


def test_more_cores_get_more_workgroups() -> None:
    shape = PanelShape((196,), 8, 32, 1024, 1, 196 * 1024)
    one, many = (replace(AVX512, cores=cores) for cores in (1, 8))
    assert estimate(shape, best(shape, many), many) < estimate(shape, best(shape, one), one) / 5


def test_only_what_is_known_at_load_is_packed() -> None:
    def answers(*sources: str) -> list[Schedule]:
        return QUESTION.sketches(Task(product(128, 768, 768), AVX512, QUESTION, sources))

    assert len(answers(STORED, CONSTANT)) == 3
    assert answers(STORED, STORED) == []
    # A constant that has not the result's innermost dim is no weight.
    assert answers(CONSTANT, STORED) == []


def test_panels_divide_the_columns() -> None:
    for columns, wanted in ((768, (8, 16, 32)), (24, (8,)), (32, (8, 16)), (20, ()), (8, ())):
        form = find_form(product(64, columns, 64), 1)
        assert form is not None and blocks(form) == wanted


def test_packing_is_chosen_where_iree_is_slow() -> None:
    task = Task(product(128, 11008, 4096), AVX512, QUESTION, (STORED, CONSTANT))
    packed_by_32 = Schedule((Decision("graph", -1, "graph:packed"), Decision("block", -1, 32)))
    assert packed_by_32 in task.sketches()
    assert task.estimate(packed_by_32) < task.estimate(task.default)


def test_a_family_has_a_cost_model_of_its_own() -> None:
    plain, panel = (registry.task(w, AVX512) for w in (matmul(), packed()))
    trees = CostModel((), *(np.zeros((0, 1)) for _ in range(5)))
    comparer = Comparer({"llvm-cpu": trees}, "a checkpoint")
    assert (plain.family, panel.family) == ("", "panels")
    assert comparer.compared_by(plain) == MEASUREMENTS
    assert comparer.compared_by(panel) == ESTIMATE


def writing(schedule: Schedule) -> Scheduler:
    """A scheduler whose model writes one schedule, and that has no cost model."""

    class Written:
        def write(self, tasks: list[Task], *_: object) -> list[list[Schedule]]:
            return [[schedule] for _ in tasks]

    scheduler = Scheduler.__new__(Scheduler)
    scheduler.margin = 0.3
    scheduler._writer = Written()  # type: ignore[assignment]
    scheduler._comparer = Comparer({}, "ck")
    return scheduler


def test_the_model_wrote_what_it_wrote_as_a_sketch_has_it() -> None:
    task = registry.task(packed(), AVX512)
    (sketch,) = task.sketches()
    worse = max(PANEL.leading(task, 50, 2.0), key=task.estimate)
    for schedule, written in ((sketch, True), (worse, False)):
        (answer,) = writing(schedule).ask([task], [task.default])
        assert (answer.schedule, answer.written) == (sketch, written)
        told = [candidate.written for candidate in answer.candidates]
        assert told == ([True] if written else [False, True])


@pytest.mark.parametrize("target", [AVX512, AVX2], ids=["avx512", "avx2"])
@pytest.mark.parametrize("workload", [packed(), packed((14, 8, 16, 64), (3, 3))])
def test_the_leading_schedules_are_open_and_in_order(
    workload: Workload, target: CpuTarget
) -> None:
    task = registry.task(workload, target)
    found = PANEL.leading(task, 20, 1.3)
    assert found[0] == task.sketches()[0]
    assert 1 < len(found) == len(set(found)) <= 20
    assert all(task.parse(task.text(schedule)) == schedule for schedule in found)
    clocks = [task.estimate(schedule) for schedule in found[1:]]
    assert clocks == sorted(clocks)
    assert clocks[-1] <= 1.3 * min(clocks)


def test_no_model_is_asked_where_sketches_are_all_there_is() -> None:
    scheduler = writing(Schedule(()))
    scheduler._writer = None  # type: ignore[assignment]
    for workload in (product(96, 512, 256), product(96, 7, 256)):
        task = Task(workload, AVX512, QUESTION)
        (answer,) = scheduler.ask([task], [task.default])
        every = {task.default, *task.sketches()}
        assert {candidate.schedule for candidate in answer.candidates} == every
        spelled = {task.decode(text) for text in sampling.every(task.grammar(), 100) or ()}
        assert spelled == every
