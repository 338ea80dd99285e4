# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Dynamic extents: what is assumed, which lengths are served, what is packed and specialised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import MULTIPLY_ADD, TARGETS, WORKLOADS, matmul, op, operand, packed

from tlm_mlir.decisions.pack_weights import find_form
from tlm_mlir.decisions.weights import QUESTION, panel_shape, seconds_left
from tlm_mlir.ir.lengths import ASSUMED, LENGTHS, assumed, at, lengths
from tlm_mlir.ir.naming import title
from tlm_mlir.ir.sources import CONSTANT, STORED
from tlm_mlir.ir.workload import DYNAMIC, MOST, Bounds, Workload
from tlm_mlir.language.schedule import LEAVE
from tlm_mlir.policy.compare import Comparer
from tlm_mlir.targets import registry
from tlm_mlir.targets.cpu.panel import PANEL
from tlm_mlir.targets.cpu.panel_estimate import best, estimate
from tlm_mlir.targets.features import Features
from tlm_mlir.targets.task import Task

SOURCES = (STORED, CONSTANT)
ANY_ROWS = assumed(packed((DYNAMIC, 24, 32, 768)))


def product(m: int, n: int, k: int) -> Workload:
    root = op("0p 1p 2r", [operand(0, 2), operand(2, 1)], [operand(0, 1)], MULTIPLY_ADD)
    return Workload((m, n, k), (root,), 0)


def test_a_static_workload_stays_as_it_is() -> None:
    assert assumed(matmul()) == matmul()
    assert lengths(matmul()) == []


def test_what_is_assumed_lies_within_bounds() -> None:
    found = assumed(product(DYNAMIC, 64, 200))
    assert found.extents == (ASSUMED, 64, 200)
    assert found.dynamic == (Bounds(0, 0, MOST),)
    assert found.static and found.any_length == {0}
    bounded = assumed(replace(product(DYNAMIC, 64, 200), dynamic=(Bounds(0, 2, 100),)))
    assert bounded.extents == (100, 64, 200)
    assert [some.extents[0] for some in lengths(bounded)] == [2, 7, 64, 100]
    assert [some.extents[0] for some in lengths(found)] == list(LENGTHS)
    assert at(bounded, 1000).extents[0] == 100


@pytest.mark.parametrize("name", WORKLOADS)
def test_records_keep_what_is_dynamic(name: str) -> None:
    workload = assumed(WORKLOADS[name])
    assert Workload.from_json(workload.to_json()) == workload
    # A static one is written as it always was, so that its digest stays.
    assert ("dynamic" in workload.to_json()) == bool(workload.dynamic)


def test_a_title_does_not_tell_an_assumption() -> None:
    assert title(assumed(product(DYNAMIC, 64, 200))) == "matmul ?x64x200 f32"


@pytest.mark.parametrize("weight", [0, 1])
def test_rows_alone_may_be_of_any_number(weight: int) -> None:
    form = find_form(assumed(product(DYNAMIC, 64, 200)), 1)
    assert form is not None and form.dynamic == {0}
    assert find_form(assumed(product(DYNAMIC, 64, 200)), 0) is None
    assert find_form(assumed(product(96, DYNAMIC, 200)), weight) is None
    assert find_form(assumed(product(96, 64, DYNAMIC)), weight) is None


def test_a_window_slides_over_static_dims_alone() -> None:
    image, filters = operand((0, 2), 3), operand(2, 3, 1)
    rows = op("0p 1p 2r 3r", [image, filters], [operand(0, 1)], MULTIPLY_ADD)
    assert find_form(Workload((14, 64, 3, 32), (rows,), 0), 1) is not None
    assert find_form(assumed(Workload((DYNAMIC, 64, 3, 32), (rows,), 0)), 1) is None


def any_attention(*dims: int) -> Workload:
    """An attention some of whose dims are dynamic."""
    static = WORKLOADS["attention"]
    extents = [DYNAMIC if dim in dims else n for dim, n in enumerate(static.extents)]
    return assumed(replace(static, extents=tuple(extents)))


@pytest.mark.parametrize("target", ["avx512", "avx2"])
def test_an_attention_may_have_any_number_of_queries_and_keys(target: str) -> None:
    backend = registry.backend(TARGETS[target])
    batch, queries, columns, head, keys = WORKLOADS["attention"].root_op.loops
    assert backend.serves(any_attention(queries, keys))
    assert backend.serves(any_attention(batch, keys))
    assert not backend.serves(any_attention(head)) and not backend.serves(any_attention(columns))
    task = registry.task(any_attention(queries, keys), TARGETS[target])
    rng = np.random.default_rng(0)
    for _ in range(30):
        schedule = task.random(rng)
        assert task.parse(task.text(schedule)) == schedule
        # Features are numbers at every length, also where a tile is longer than that.
        for workload in lengths(task.workload):
            (row,) = replace(task, workload=workload).features([schedule], schedule)
            assert np.isfinite(list(row.values())).all()


class ByLength:
    """In place of a cost model: what schedules of little and of much work gain."""

    targets = (TARGETS["avx512"].to_json(),)

    def __init__(self, little: float, much: float) -> None:
        self.little, self.much = little, much

    def rows(self, features: list[Features]) -> list[Features]:
        return features

    def __call__(self, rows: list[Features]) -> np.ndarray:
        works = [row["operations"] for row in rows]
        return np.array([self.little if work < 15.0 else self.much for work in works])


@pytest.mark.parametrize(
    "little, much, predicted", [(-0.1, -1.0, -1.0), (0.2, -1.0, 0.2), (-1.0, 0.3, 0.3)]
)
def test_a_schedule_that_loses_at_some_length_is_predicted_to_lose(
    little: float, much: float, predicted: float
) -> None:
    task = registry.task(any_attention(1, 4), TARGETS["avx512"])
    schedule = task.random(np.random.default_rng(0))
    comparer = Comparer({"llvm-cpu": ByLength(little, much)}, "a checkpoint")  # type: ignore
    (found,) = comparer.predict([task], [task.default], [[schedule, task.default]])
    assert list(found) == [predicted, 0.0]


def test_other_pipelines_are_for_static_extents() -> None:
    for target in TARGETS.values():
        backend = registry.backend(target)
        for name, workload in WORKLOADS.items():
            if DYNAMIC in workload.extents:
                assert not backend.serves(assumed(workload)), name
        if target.backend != "llvm-cpu":
            assert not backend.serves(any_attention(1))
    assert registry.backend(TARGETS["avx512"]).serves(ANY_ROWS)
    columns = assumed(packed((96, DYNAMIC, 32, 768)))
    assert not registry.backend(TARGETS["avx512"]).serves(columns)


@pytest.mark.parametrize("target", ["avx512", "avx2"])
def test_every_schedule_for_any_rows_cuts_them(target: str) -> None:
    """Whole at a level would be all rows there are, in one vector or one workgroup."""
    task = registry.task(ANY_ROWS, TARGETS[target])
    assert task.grammar().cursor().allowed() == ["pipeline:default", PANEL.token]
    rng = np.random.default_rng(0)
    for schedule in [*task.sketches(), *(task.random(rng) for _ in range(50))]:
        assert task.parse(task.text(schedule)) == schedule
        config = str(task.configuration(schedule).ops)
        group, vector = schedule.size("distribute", 0, 0), schedule.size("vector", 0, 1)
        assert group and group % vector == 0
        assert f"distribution = [{group}, " in config
        peels = "iree-llvmcpu-peel" in str(task.configuration(schedule).function)
        assert peels == (vector > 1)


@settings(max_examples=25, deadline=None)
@given(
    columns=st.sampled_from([64, 96, 256, 768, 1000, 3072]),
    steps=st.integers(8, 2048),
    target=st.sampled_from(["avx512", "avx2"]),
)
def test_packing_loses_at_no_length(columns: int, steps: int, target: str) -> None:
    """What is predicted of a dynamic product is its gain where it gains least."""
    workload = assumed(product(DYNAMIC, columns, steps))
    task = Task(workload, TARGETS[target], QUESTION, SOURCES)
    for schedule in task.sketches():
        form = find_form(workload, 1)
        assert form is not None
        shape = panel_shape(form, schedule.size("block", -1))
        tiles = best(shape, TARGETS[target])
        predicted = task.estimate(schedule) / task.estimate(task.default)
        for rows, some in zip(shape.lengths, lengths(workload), strict=True):
            ours = estimate(shape.at(rows), tiles, TARGETS[target]) / 3.5e9
            assert ours <= 1.000001 * predicted * seconds_left(some, TARGETS[target], SOURCES)


def test_an_option_for_dynamic_rows_is_that_of_static_ones() -> None:
    dynamic = Task(assumed(product(DYNAMIC, 768, 768)), TARGETS["avx512"], QUESTION, SOURCES)
    static = Task(product(ASSUMED, 768, 768), TARGETS["avx512"], QUESTION, SOURCES)
    assert dynamic.prompt_tokens == static.prompt_tokens
    assert dynamic.grammar().cursor().allowed() == [LEAVE, "graph:packed"]


@pytest.mark.parametrize("target", ["avx512", "avx2"])
def test_one_row_has_code_of_its_own(target: str) -> None:
    backend = registry.backend(TARGETS[target])
    assert backend.special(registry.task(ANY_ROWS, TARGETS[target])) == (0, 1, 1)
    # Bounds that leave it out, or leave nothing else, and static rows.
    for bounds in (Bounds(0, 2, 512), Bounds(0, 1, 1)):
        other = assumed(replace(packed((DYNAMIC, 24, 32, 768)), dynamic=(bounds,)))
        assert backend.special(registry.task(other, TARGETS[target])) is None
    assert backend.special(registry.task(packed(), TARGETS[target])) is None
