# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: what its schedules become, and the limits that they keep."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from iree.compiler import ir
from samples import (
    TARGETS,
    WORKLOADS,
    convolution,
    elementwise,
    lowered,
    matmul,
    options,
    strided,
    translated,
    walks,
)

from tlm_mlir.ir.analysis import strided_contraction, widest_element, window
from tlm_mlir.ir.workload import Op, Workload
from tlm_mlir.language.schedule import DEFAULT, Schedule
from tlm_mlir.language.vocabulary import ID
from tlm_mlir.targets import registry
from tlm_mlir.targets.backend import DispatchTask
from tlm_mlir.targets.cpu.attention import ATTENTION
from tlm_mlir.targets.cpu.conv import CONV
from tlm_mlir.targets.cpu.copy import COPY
from tlm_mlir.targets.cpu.limits import MAX_UNROLLED_REGISTERS, MAX_WORKGROUPS, bodies
from tlm_mlir.targets.cpu.tile import CACHE, SLICE, TILE

LEVEL = re.compile(r"(\w+) = (?:\{sizes = )?\[([\d, ]*)\](?:, interchange = \[([\d, ]*)\]\})?")
ROOT_ONLY = {"distribution", "cache_parallel", "cache_reduction"}


def levels(config: str) -> dict[str, list[int]]:
    """Sizes by level; interchanges as `<level> interchange`."""
    found = {}
    for name, sizes, order in LEVEL.findall(config):
        found[name] = [int(size) for size in sizes.split(",")]
        if order:
            found[f"{name} interchange"] = [int(place) for place in order.split(",")]
    return found


def scheduled(walk) -> tuple[DispatchTask, Schedule] | None:
    """The parts of a walk, None when it leaves all to IREE."""
    task, tokens = walk
    schedule = task.decode(tokens)
    return None if schedule.is_default else (task, schedule)


@given(walks())
def test_configurations_parse(walk) -> None:
    if found := scheduled(walk):
        task, schedule = found
        configs = lowered(task, schedule)
        workload = task.workload
        assert len(configs) == len(workload.ops)
        with ir.Context():
            for config in configs:
                assert str(ir.Attribute.parse(config)).startswith("#iree_cpu.lowering_config<")
            info = ir.Attribute.parse(translated(task, schedule))
            assert str(info).startswith("#iree_codegen.translation_info<pipeline")


@given(walks())
def test_levels_fit_the_loops(walk) -> None:
    if found := scheduled(walk):
        task, schedule = found
        workload = task.workload
        configs = lowered(task, schedule)
        for position, (op, config) in enumerate(zip(workload.ops, configs, strict=True)):
            check_levels(op, levels(config), position == workload.root)


def check_levels(op: Op, found: dict[str, list[int]], root: bool) -> None:
    """IREE's verifier refuses a parallel size on a reduction loop and the other way round."""
    assert root or not ROOT_ONLY & set(found)
    for name, sizes in found.items():
        if name.endswith("interchange"):
            assert sorted(sizes) == list(range(len(op.loops)))
            continue
        assert len(sizes) == len(op.loops)
        wanted = "reduction" if "reduction" in name else "parallel"
        for size, kind in zip(sizes, op.iterators, strict=True):
            assert size == 0 or kind == wanted


@given(walks())
def test_every_loop_has_a_vector_size(walk) -> None:
    """A loop without one would become a vector of its whole extent."""
    if (found := scheduled(walk)) and found[1].pipeline != COPY.token:
        task, schedule = found
        configs = lowered(task, schedule)
        for op, config in zip(task.workload.ops, configs, strict=True):
            assert all(combined(levels(config), len(op.loops))), (op, config)


@given(walks())
def test_vectors_stay_under_the_limits(walk) -> None:
    if found := scheduled(walk):
        task, schedule = found
        workload, target = task.workload, task.target
        lanes = target.vector_bytes // element_bytes(workload)
        for op, config in zip(workload.ops, lowered(task, schedule), strict=True):
            sizes = combined(levels(config), len(op.loops))
            for loops in bodies(op):
                points = math.prod(
                    max(1, sizes[place]) for place, dim in enumerate(op.loops) if dim in loops
                )
                assert points * element_bytes(workload) < target.max_vector_bytes
                if op.kind != "attention":
                    assert points <= MAX_UNROLLED_REGISTERS * lanes


def combined(found: dict[str, list[int]], loops: int) -> list[int]:
    """The vector size of each loop, at whichever level it is set."""
    sizes = [0] * loops
    for name, values in found.items():
        if name.startswith("vector") and not name.endswith("interchange"):
            sizes = [a or b for a, b in zip(sizes, values, strict=True)]
    return sizes


def element_bytes(workload: Workload) -> int:
    """The widest element; at least the 4 bytes in which sums are kept."""
    widths = {"i64": 8, "f64": 8}
    operands = [o for op in workload.ops for o in (*op.inputs, *op.outputs)]
    return max(4, *(widths.get(operand.dtype, 4) for operand in operands))


@given(walks())
def test_distribution_contains_the_vectors_and_limits_the_workgroups(walk) -> None:
    if found := scheduled(walk):
        task, schedule = found
        workload, op = task.workload, task.workload.root_op
        found_levels = levels(lowered(task, schedule)[workload.root])
        groups = 1
        sizes = zip(
            workload.op_extents(op),
            found_levels["distribution"],
            found_levels["vector_common_parallel"],
            strict=True,
        )
        for extent, outer, inner in sizes:
            assert outer == 0 or min(inner, extent - 1) <= outer < extent
            groups *= -(-extent // outer) if outer else 1
        # Past the limit, each further loop may still be cut in two.
        assert groups <= MAX_WORKGROUPS << len(op.dims("parallel"))


@given(walks())
def test_different_schedules_give_different_text(walk) -> None:
    if found := scheduled(walk):
        task, schedule = found
        changed = replace_first_size(schedule)
        if changed is not None:
            assert task.configuration(schedule) != task.configuration(changed)


def replace_first_size(schedule: Schedule) -> Schedule | None:
    """The schedule with one vector size less, where it has one to lose."""
    for place, decision in enumerate(schedule.decisions):
        if decision.name == "vector" and isinstance(decision.value, int) and decision.value > 1:
            less = type(decision)(decision.name, decision.dim, decision.value - 1)
            return Schedule((*schedule.decisions[:place], less, *schedule.decisions[place + 1 :]))
    return None


@pytest.mark.parametrize(
    ("name", "pipelines"),
    [
        ("matmul", {TILE.token}),
        ("convolution", {CONV.token}),
        ("attention", {ATTENTION.token}),
        ("copy", {COPY.token}),
        ("dynamic", set()),
    ],
)
def test_pipelines(name: str, pipelines: set[str]) -> None:
    assert set(options(WORKLOADS[name], TARGETS["avx512"])) == {DEFAULT, *pipelines}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (128, {DEFAULT, ATTENTION.token}),
        (160, {ATTENTION.token}),
        (512, {ATTENTION.token}),
        (1024, {DEFAULT}),
    ],
)
def test_an_attention_whose_head_iree_tiles_is_never_left_to_it(
    head: int, expected: set[str]
) -> None:
    """Found by measuring: IREE's default gives wrong values for heads of more than 128."""
    whole = WORKLOADS["attention"]
    workload = replace(whole, extents=(12, 128, 64, head, 197))
    assert set(options(workload, TARGETS["avx512"])) == expected


def test_the_head_of_an_attention_is_never_tiled() -> None:
    workload = replace(WORKLOADS["attention"], extents=(12, 128, 64, 256, 197))
    task = registry.task(workload, TARGETS["avx512"])
    for seed in range(50):
        schedule = task.decode(task.grammar().sample(np.random.default_rng(seed)))
        root = levels(lowered(task, schedule)[0])
        assert root["vector_reduction"][3] == 256


def test_the_windows_of_a_convolution() -> None:
    assert window(convolution()) == [(1, 4), (2, 5)]
    assert window(WORKLOADS["matmul"]) == []


def test_a_workload_with_more_workgroups_than_allowed_can_be_finished() -> None:
    """Found by a walk: after 4096 workgroups, the next loop divided by zero."""
    workload, target = elementwise((4096, 8, 8)), TARGETS["avx512"]
    text = "pipeline:tile peel:no @vector m0 z0 m0 z0 m0 z0 @distribute m0 z0 m2 z0 g7 n0 cache:no"
    tokens = [*text.split(), "order:plain", "<end>"]
    assert registry.task(workload, target).decode(tokens).size("distribute", 0) == 1


def test_eight_bit_floats_are_one_byte() -> None:
    """Found by a walk: `f8E4M3FN` counted as 105 bytes, which left no lane."""
    assert widest_element(elementwise((8, 8), "f8E4M3FN")) == 4
    assert widest_element(elementwise((8, 8), "f64")) == 8


@pytest.mark.parametrize(
    ("workload", "expected"),
    [(strided(), True), (WORKLOADS["matmul"], False), (convolution(), False)],
)
def test_strided_contractions_are_restructured(workload: Workload, expected: bool) -> None:
    task = registry.task(workload, TARGETS["avx512"])
    assert strided_contraction(workload) == expected
    for seed in range(20):
        schedule = task.decode(task.grammar().sample(np.random.default_rng(seed)))
        if not schedule.is_default:
            tiled = schedule.pipeline == TILE.token
            found = task.configuration(schedule).before
            assert found == (SLICE if tiled and expected else "")


@pytest.mark.parametrize(("last", "limit"), [(2, 256), (1, 96 * 16)])
def test_few_elements_are_gathered_one_by_one(last: int, limit: int) -> None:
    """Named after a find: LLVM took minutes for bodies that read hundreds of scattered elements."""
    workload = strided(last=last)
    task = registry.task(workload, TARGETS["avx512"])
    largest = 0
    for seed in range(300):
        schedule = task.decode(task.grammar().sample(np.random.default_rng(seed)))
        if not schedule.is_default:
            sizes = levels(lowered(task, schedule)[0])
            _, rows, columns, _ = sizes["vector_common_parallel"]
            largest = max(largest, rows * columns * sizes["vector_reduction"][3])
    assert limit / 4 < largest <= limit


def test_a_peeled_cache_tile_never_leaves_a_large_result_on_the_stack() -> None:
    """Found by benchmarks/random_schedules.py: IREE refused 1.5 MiB of stack."""
    head = "pipeline:tile peel:{} @vector m5 z5 m0 z0 @reduce m0 z0 @distribute {} n0"
    target = TARGETS["avx512"]
    for peel, rows, asked in (("yes", "n0", False), ("no", "n0", True), ("yes", "m3 z3", True)):
        cursor = registry.task(matmul(extents=(128, 512, 200)), target).grammar().cursor()
        for token in head.format(peel, rows).split():
            cursor.push(ID[token])
        assert (cursor.allowed() == list(CACHE)) == asked
