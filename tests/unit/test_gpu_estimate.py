# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The static estimate for GPUs: defined everywhere, and right about what is known."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from samples import elementwise, matmul, transpose, walks

from tlm_mlir.errors import TargetError
from tlm_mlir.ir.workload import Workload
from tlm_mlir.language.schedule import Decision, Schedule
from tlm_mlir.targets import registry
from tlm_mlir.targets.cuda.mma import MMA
from tlm_mlir.targets.target import CpuTarget, GpuTarget

HOPPER = GpuTarget(
    "cuda", 132, 32, 1024, (1024, 1024, 64), 232448, features=("mma-f16", "mma-bf16")
)
ADRENO = GpuTarget("vulkan-spirv", 0, 64, 1024, (1024, 1024, 64), 32768)
LARGE = matmul(extents=(2048, 2048, 2048))
HALVES = matmul("f16", extents=(2048, 2048, 2048))


def tiled(pipeline: str, thread: list[int], group: list[int], reduce: int = 0) -> Schedule:
    """A schedule of dims 0, 1, .. in parallel, the next one summed over."""
    decisions = [Decision("pipeline", -1, f"pipeline:{pipeline}")]
    decisions += [Decision("thread", dim, size) for dim, size in enumerate(thread)]
    decisions += [Decision("group", dim, size) for dim, size in enumerate(group)]
    if reduce:
        decisions.append(Decision("reduce", len(thread), reduce))
    return Schedule(tuple(decisions))


def warped(banks: str, subgroup: list[int], group: list[int], reduce: int) -> Schedule:
    """A schedule of tensor cores: tiles of a warp, warps, and tiles of a step."""
    decisions = [Decision("pipeline", -1, MMA.token), Decision("banks", -1, f"banks:{banks}")]
    decisions += [Decision("subgroup", dim, size) for dim, size in enumerate(subgroup)]
    decisions += [Decision("group", dim, size) for dim, size in enumerate(group)]
    return Schedule((*decisions, Decision("reduce", 2, reduce)))


@given(walks({"hopper": HOPPER, "adreno": ADRENO}))
def test_every_schedule_has_an_estimate(walk) -> None:  # type: ignore[no-untyped-def]
    task, tokens = walk
    schedule = task.decode(tokens)
    if not schedule.is_default:
        assert 0 < task.estimate(schedule) < math.inf


@pytest.mark.parametrize(
    ("workload", "better", "worse"),
    [
        pytest.param(
            LARGE,
            tiled("promote", [8, 8], [16, 16], 16),
            tiled("vector", [1, 1], [1, 32], 4),
            id="tiles in shared memory and registers save loads",
        ),
        pytest.param(
            LARGE,
            tiled("promote", [8, 8], [16, 16], 16),
            tiled("promote", [16, 128], [16, 2], 16),
            id="results must fit the registers",
        ),
        pytest.param(
            LARGE,
            tiled("promote", [8, 8], [16, 16], 16),
            tiled("promote", [8, 8], [32, 32], 16),
            id="the registers are those of a whole workgroup",
        ),
        pytest.param(
            elementwise((4096, 4096)),
            tiled("vector", [1, 4], [1, 256]),
            tiled("vector", [4, 1], [256, 1]),
            id="neighbours in a warp read neighbours in memory",
        ),
        pytest.param(
            elementwise((4096, 4096)),
            tiled("vector", [1, 4], [1, 128]),
            tiled("vector", [64, 1], [1, 2]),
            id="a workgroup fills its warps",
        ),
        pytest.param(
            HALVES,
            warped("padded", [4, 4], [2, 2], 2),
            tiled("promote", [8, 8], [16, 16], 16),
            id="tensor cores multiply faster",
        ),
        pytest.param(
            HALVES,
            warped("padded", [4, 4], [2, 2], 2),
            warped("plain", [4, 4], [2, 2], 2),
            id="padded rows lie in different banks",
        ),
        pytest.param(
            HALVES,
            warped("padded", [4, 4], [2, 2], 2),
            warped("padded", [1, 1], [2, 2], 2),
            id="a tile in registers is multiplied several times",
        ),
        pytest.param(
            transpose(),
            tiled("vector", [1, 4], [48, 1]),
            tiled("vector", [48, 100], [1, 1]),
            id="work is spread over the device",
        ),
    ],
)
def test_what_is_known_to_be_better(workload: Workload, better: Schedule, worse: Schedule) -> None:
    task = registry.task(workload, HOPPER)
    assert task.estimate(better) < task.estimate(worse)


def test_more_compute_units_are_faster() -> None:
    schedule = tiled("promote", [8, 8], [16, 16], 16)
    small = GpuTarget("cuda", 16, 32, 1024, (1024, 1024, 64), 232448)
    fast, slow = (registry.task(LARGE, target).estimate(schedule) for target in (HOPPER, small))
    assert fast < slow / 4


def test_no_estimate_for_a_cpu() -> None:
    cpu = CpuTarget("llvm-cpu", 256, 2, 32 << 10, 1 << 20, 0)
    with pytest.raises(TargetError, match="no estimate for 'llvm-cpu'"):
        registry.task(LARGE, cpu).estimate(tiled("vector", [1, 1], [1, 1]))
