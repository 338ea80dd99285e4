# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: convolutions of 16-bit floats on tensor cores, by IREE's implicit matmul.

IREE lowers such a convolution as a matmul whose one factor it gathers from the image
(`use_igemm_convolution`; Codegen/LLVMGPU/Utils, IGEMM in ConfigUtils.cpp): its loops are those of
the result, and one for all that is summed. Tiles that stick out are padded in shared memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...ir.analysis import once, spread
from ...ir.traffic import moved
from ...ir.workload import Index, IteratorKind, Op, Operand, Workload
from ...iree import attributes
from ...iree.attributes import TRANSLATION, Configured
from ...language.schedule import Decision, Schedule
from ...language.space import Choice, Mark, Pick, Step
from ..backend import Configuration
from ..gpu import matrix, matrix_estimate
from ..gpu.intrinsics import ELEMENT, Intrinsic, for_product
from ..gpu.machine import Demand
from ..gpu.matrix import Tiles
from ..gpu.pipeline import GpuPipeline, GpuTask, at_root, divisors, served
from ..gpu.read_back import matrix_unit, scheduled
from .mma import BANKS, LEVELS, MAX_STEP, MAX_TILES, banks_of, igemm, matrix_info, ours, padding
from .pipeline import WARP

RESULTS = 4096
"""Bytes of shared memory that are left for results on their way to memory."""


@dataclass(frozen=True)
class Dims:
    """The loops of the matmul: those of the result in order, of which each instruction covers rows
    of one and columns of another; and the innermost one that is summed over, for all of them."""

    loops: tuple[int, ...]
    rows: int
    columns: int
    summed: int


@once
def dims(workload: Workload) -> Dims | None:
    """The loops of a convolution; None where it has groups, or several dims of channels."""
    root = workload.root_op
    if root.kind != "generic" or len(root.inputs) != 2:
        return None
    windowed = [any(index.dim is None for index in operand.indices) for operand in root.inputs]
    result = tuple(index.dim for index in root.outputs[0].indices)
    summed = root.dims("reduction")
    if sorted(windowed) != [False, True] or result != root.dims("parallel") or len(summed) < 2:
        return None
    image, filters = (root.inputs[windowed.index(kind)] for kind in (True, False))
    of_image = {dim for index in image.indices for dim, _ in index.terms}
    channels = [index.dim for index in filters.indices if index.dim in result]
    ends = {root.loops[0], root.dims("parallel")[-1]}
    if len(channels) != 1 or channels[0] not in ends or of_image & set(channels):
        return None
    loops = root.dims("parallel")
    if len(loops) < 2 or set(loops) - of_image - set(channels):
        return None
    if channels[0] == loops[0]:
        return Dims(loops, loops[0], loops[-1], summed[-1])
    return Dims(loops, loops[-2], loops[-1], summed[-1])


class Igemm(GpuPipeline):
    """Tiles of warps and workgroups over the loops of the matmul."""

    token, number = "pipeline:matrix", 3

    def suits(self, workload: Workload) -> bool:
        """Convolutions."""
        return dims(workload) is not None

    def applies(self, task: GpuTask) -> bool:
        """To convolutions of types that tensor cores multiply."""
        workload = task.workload
        suits = served(workload) and spread(workload) == 1 and dims(workload) is not None
        return suits and for_product(workload.root_op, task.target) is not None

    def knobs(self, task: GpuTask) -> Step[None]:
        """Padding, tiles of a warp, warps of a workgroup, how deep a step is."""
        workload, target = task.workload, task.target
        found, row = _dims(task)
        banks = yield Choice("banks", BANKS)
        line = row.depth * ELEMENT + padding(banks)
        # Rows and columns together, whose one-instruction step fits shared memory.
        edges = (target.shared - RESULTS) // line
        # Columns first, then other places, then rows: what is innermost is decided first.
        others = (dim for dim in reversed(found.loops) if dim not in (found.rows, found.columns))
        order = (found.columns, *others, found.rows)
        blocks = {dim: -(-workload.extents[dim] // unit(found, row, dim)) for dim in order}
        yield Mark("@subgroup")
        tiles, warps = dict.fromkeys(order, 1), dict.fromkeys(order, 1)
        most = MAX_TILES
        for dim in order:
            some = divisors(blocks[dim], most)
            fit = tuple(n for n in some if _edges(found, row, {**tiles, dim: n}, warps) <= edges)
            tiles[dim] = yield Pick("subgroup", dim, fit)
            most //= tiles[dim]
        yield Mark("@group")
        most = target.threads // WARP
        for dim in order:
            some = divisors(blocks[dim] // tiles[dim], most)
            fit = tuple(n for n in some if _edges(found, row, tiles, {**warps, dim: n}) <= edges)
            warps[dim] = yield Pick("group", dim, fit)
            most //= warps[dim]
        yield Mark("@reduce")
        both = _edges(found, row, tiles, warps)
        deep = ((target.shared - RESULTS) // both - padding(banks)) // (row.depth * ELEMENT)
        steps = -(-_summed(workload) // row.depth)
        yield Pick("reduce", found.summed, divisors(steps, max(1, min(MAX_STEP, deep))))

    def configure(self, task: GpuTask, schedule: Schedule) -> Configuration:
        """A config of the root op, over the loops of the matmul."""
        found, row = _dims(task)
        warp = [schedule.size("subgroup", dim, 1) for dim in found.loops]
        counts = [schedule.size("group", dim, 1) for dim in found.loops]
        group = [
            tiles * count * unit(found, row, dim)
            for dim, tiles, count in zip(found.loops, warp, counts, strict=True)
        ]
        deep = schedule.size("reduce", found.summed, 1)
        still = [0] * len(group)
        config = attributes.gpu_config(
            [
                *("convert_acc_gemm", attributes.mma_kind(row.name)),
                *(f"padding = {[*group, deep * row.depth]}", attributes.promoted(0, 1)),
                *(f"reduction = {[*still, deep]}", f"subgroup = {[*warp, 0]}"),
                f"workgroup = {[*group, 0]}",
            ]
        )
        info = matrix_info(math.prod(counts) * WARP, schedule, igemm=True)
        return Configuration({TRANSLATION: info}, at_root(task.workload, config))

    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """The decisions about an instruction of ours; None where IREE's loops are others."""
        op, found = matrix_unit(configured), dims(task.workload)
        if op is None or found is None or not igemm(configured) or not ours(op):
            return None
        levels = [op.sizes(level) for level in LEVELS]
        row = for_product(task.workload.root_op, task.target)
        if row is None or any(len(sizes) != len(found.loops) + 1 for sizes in levels):
            return None
        group, warp, step = levels
        decisions = [banks_of(configured)]
        for dim, size, tiles in zip(found.loops, group, warp, strict=False):
            tiles = max(1, tiles)
            count = max(1, size // (tiles * unit(found, row, dim)))
            decisions += [Decision("subgroup", dim, tiles), Decision("group", dim, count)]
        decisions.append(Decision("reduce", found.summed, max(1, step[-1])))
        return scheduled(self.token, decisions)

    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """What the matmul asks for, of whole tiles."""
        matmul, tiles = as_matmul(task, schedule)
        return matrix_estimate.demand(matmul, task.target, tiles, moved(task.workload))


def _dims(task: GpuTask) -> tuple[Dims, Intrinsic]:
    found, row = dims(task.workload), for_product(task.workload.root_op, task.target)
    assert found is not None and row is not None
    return found, row


def as_matmul(task: GpuTask, schedule: Schedule) -> tuple[Workload, Tiles]:
    """The matmul that a schedule makes of a convolution, of whole tiles, and how it builds a
    workgroup: dims 0, 1 and 2 are its rows, columns and what is summed."""
    workload = task.workload
    found, row = _dims(task)
    tiles = {dim: schedule.size("subgroup", dim, 1) for dim in found.loops}
    warps = {dim: schedule.size("group", dim, 1) for dim in found.loops}
    deep = schedule.size("reduce", found.summed, 1)
    high, wide = _sides(found, tiles)
    rows, columns = _sides(found, warps)
    whole = {
        dim: -(-workload.extents[dim] // (tiles[dim] * warps[dim] * unit(found, row, dim)))
        for dim in found.loops
    }
    down, across = _sides(found, whole)
    pad = padding(schedule.choice("banks"))
    m, n, k = rows * high * row.rows, columns * wide * row.columns, deep * row.depth
    shared = (m + n) * (k * ELEMENT + pad)
    built = Tiles(
        matrix.Dims(0, 1, 2), row.unit, high, wide, rows, columns, deep, pad, 1, shared
    )
    extents = (m * down, n * across, -(-_summed(workload) // k) * k)
    dtype = workload.root_op.inputs[0].dtype
    indices = [(0, 2), (2, 1), (0, 1)]
    left, right, out = (
        Operand(kind, tuple(Index(((dim, 1),)) for dim in some))
        for kind, some in zip((dtype, dtype, "f32"), indices, strict=True)
    )
    root = workload.root_op
    kinds: tuple[IteratorKind, ...] = ("parallel", "parallel", "reduction")
    product = Op("generic", (0, 1, 2), kinds, (left, right), (out,), root.body)
    others = tuple(op for op in workload.ops if op is not root)
    return Workload(extents, (product, *others), 0), built


def _sides(found: Dims, sizes: dict[int, int]) -> tuple[int, int]:
    """Products of sizes by loop along the matmul's rows and along its columns."""
    channel = found.rows if found.rows == found.loops[0] else found.columns
    places = math.prod(size for dim, size in sizes.items() if dim != channel)
    one = sizes[channel]
    return (one, places) if channel == found.rows else (places, one)


def unit(found: Dims, row: Intrinsic, dim: int) -> int:
    """Elements of one instruction along a loop."""
    return {found.rows: row.rows, found.columns: row.columns}.get(dim, 1)


def _edges(found: Dims, row: Intrinsic, tiles: dict[int, int], warps: dict[int, int]) -> int:
    """Rows and columns of a workgroup together."""
    sizes = {dim: tiles[dim] * warps[dim] * unit(found, row, dim) for dim in found.loops}
    return sum(_sides(found, sizes))


def _summed(workload: Workload) -> int:
    return math.prod(workload.extents[dim] for dim in workload.root_op.dims("reduction"))


IGEMM = Igemm()
