# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""vulkan-spirv: matmuls of 16-bit floats by cooperative matrices (VK_KHR_cooperative_matrix).

IREE's CooperativeMatrixVectorize (Codegen/SPIRV/Passes.cpp) has four levels: a workgroup's tile, a
subgroup's, a step of the sum, and one instruction's, 16 x 16 x 16. The results pass through shared
memory, and each step's inputs, several of them where loads run ahead.
"""

from __future__ import annotations

from ..ir.workload import Workload
from ..language.schedule import Schedule
from ..language.space import Choice, Mark, Pick
from . import gpu_matrix
from .gpu import contraction, divisors
from .gpu_matrix import ELEMENT, Dims, Tiles
from .target import GpuTarget

SUBGROUP = 32
UNIT = ROWS, COLUMNS, DEPTH = 16, 16, 16
STAGES = ("store:0", "store:1")
DEPTHS = ("depth:1", "depth:2", "depth:3")
MAX_TILES = 16
"""Most tiles of results of a subgroup: each takes eight registers of every invocation."""
MAX_STEP = 8
RESULT = 4
"""Bytes of a result in shared memory."""


def multiplied(workload: Workload, target: GpuTarget) -> Dims | None:
    """The dims of a matmul, batched or not, that cooperative matrices multiply; None where they
    cannot: IREE wants one dim of rows, of columns and of the sum, in that order, and others before.
    """
    found = contraction(workload)
    dims = gpu_matrix.multiplied(workload, target, UNIT)
    if found is None or dims is None or any(len(d) != 1 for d in (found.m, found.n, found.k)):
        return None
    # IREE fails on a power beside the product, in its own choice as well.
    powers = any(line.startswith("fpowi") for op in workload.ops for line in op.body)
    if target.subgroup != SUBGROUP or powers:
        return None
    inner = workload.root_op.loops[-3:]
    return dims if inner == (dims.m, dims.n, dims.k) else None


def space(workload: Workload, target: GpuTarget):  # type: ignore[no-untyped-def]
    """The decisions after the choice of this pipeline."""
    dims = multiplied(workload, target)
    assert dims is not None
    m, n, k = (workload.extents[dim] for dim in (dims.m, dims.n, dims.k))
    yield Choice("stage", STAGES)
    ahead = yield Choice("depth", DEPTHS)
    line = _copies(str(ahead)) * DEPTH * ELEMENT

    def held(rows: int, columns: int) -> int:
        return rows * columns * RESULT + (rows + columns) * line

    def fitting(extent: int, unit: int, other: int, most: int) -> tuple[int, ...]:
        """Multiples of a unit that divide an extent and fit beside the other side of the tile."""
        found = divisors(extent // unit, max(1, most))
        return tuple(c for c in found if c == 1 or held(other, c * unit) <= target.shared)

    yield Mark("@subgroup")
    wide = yield Pick("subgroup", dims.n, fitting(n, COLUMNS, ROWS, MAX_TILES))
    beside = wide * COLUMNS
    high = yield Pick("subgroup", dims.m, fitting(m, ROWS, beside, MAX_TILES // wide))
    yield Mark("@group")
    most = min(target.threads, target.group[0]) // SUBGROUP
    x = yield Pick("group", dims.n, fitting(n, beside, high * ROWS, most))
    most = min(target.threads // SUBGROUP // x, target.group[1])
    y = yield Pick("group", dims.m, fitting(m, high * ROWS, x * beside, most))
    yield Mark("@reduce")
    rows, columns = y * high * ROWS, x * beside
    deep = (target.shared - rows * columns * RESULT) // ((rows + columns) * line)
    yield Pick("reduce", dims.k, divisors(k // DEPTH, max(1, min(MAX_STEP, deep))))


def _copies(ahead: str) -> int:
    """Steps whose inputs are in shared memory at once."""
    return DEPTHS.index(ahead) + 2


def config(workload: Workload, schedule: Schedule) -> str:
    """Text of the root op's config: tiles of a workgroup, a subgroup, a step, an instruction."""
    loops = workload.root_op.loops
    unit = dict(zip(loops[-3:], UNIT, strict=True))
    sizes = [schedule.size("subgroup", dim, 1) * unit.get(dim, 1) for dim in loops[:-1]]
    counts = [schedule.size("group", dim, 1) for dim in loops[:-1]]
    group = [size * count for size, count in zip(sizes, counts, strict=True)]
    step = [0 for _ in sizes] + [schedule.size("reduce", loops[-1], 1) * DEPTH]
    levels = [group, sizes, step, [unit.get(dim, 1) for dim in loops]]
    return f"#iree_codegen.lowering_config<tile_sizes = {levels}>"


def invocations(workload: Workload, schedule: Schedule) -> list[int]:
    """Of a workgroup, along x, y and z."""
    m, n, _ = workload.root_op.loops[-3:]
    return [SUBGROUP * schedule.size("group", n, 1), schedule.size("group", m, 1), 1]


def tiles(workload: Workload, target: GpuTarget, schedule: Schedule) -> Tiles:
    """How a schedule builds a workgroup."""
    dims = multiplied(workload, target)
    assert dims is not None
    copies = _copies(schedule.choice("depth"))
    return gpu_matrix.built(dims, UNIT, schedule, copies=copies, result=RESULT)
