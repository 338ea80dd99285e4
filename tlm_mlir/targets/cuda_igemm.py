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

from ..ir.workload import Index, IteratorKind, Op, Operand, Workload
from ..language.schedule import Schedule
from ..language.space import Choice, Mark, Pick
from . import gpu_matrix
from .cuda_matrix import BANKS, COLUMNS, DEPTH, MAX_STEP, MAX_TILES, PAD_BYTES, ROWS, SUBGROUP, UNIT
from .gpu import MATRIX_FEATURES, divisors, spread
from .gpu_matrix import ELEMENT, TYPES, Tiles
from .target import GpuTarget

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


def multiplied(workload: Workload, target: GpuTarget) -> bool:
    """Whether tensor cores can multiply a convolution."""
    suits = workload.static and spread(workload) == 1 and dims(workload) is not None
    return suits and gpu_matrix.multiplies(workload.root_op, target)


def space(workload: Workload, target: GpuTarget):  # type: ignore[no-untyped-def]
    """The decisions after the choice of this pipeline: tiles of a warp, warps, and how deep a step
    is."""
    found = dims(workload)
    assert found is not None
    banks = yield Choice("banks", BANKS)
    row = DEPTH * ELEMENT + (PAD_BYTES if banks == BANKS[1] else 0)
    # Rows and columns together, whose one-instruction step fits shared memory.
    edges = (target.shared - RESULTS) // row
    # Columns first, then other places, then rows: what is innermost is decided first.
    others = (dim for dim in reversed(found.loops) if dim not in (found.rows, found.columns))
    order = (found.columns, *others, found.rows)
    blocks = {dim: -(-workload.extents[dim] // unit(found, dim)) for dim in order}
    yield Mark("@subgroup")
    tiles, warps = dict.fromkeys(order, 1), dict.fromkeys(order, 1)
    most = MAX_TILES
    for dim in order:
        some = divisors(blocks[dim], most)
        fit = tuple(n for n in some if _edges(found, {**tiles, dim: n}, warps) <= edges)
        tiles[dim] = yield Pick("subgroup", dim, fit)
        most //= tiles[dim]
    yield Mark("@group")
    most = target.threads // SUBGROUP
    for dim in order:
        some = divisors(blocks[dim] // tiles[dim], most)
        fit = tuple(n for n in some if _edges(found, tiles, {**warps, dim: n}) <= edges)
        warps[dim] = yield Pick("group", dim, fit)
        most //= warps[dim]
    yield Mark("@reduce")
    both = _edges(found, tiles, warps)
    pad = row - DEPTH * ELEMENT
    deep = ((target.shared - RESULTS) // both - pad) // (DEPTH * ELEMENT)
    steps = -(-_summed(workload) // DEPTH)
    yield Pick("reduce", found.summed, divisors(steps, max(1, min(MAX_STEP, deep))))


def config(workload: Workload, schedule: Schedule) -> str:
    """Text of the root op's config, over the loops of the matmul."""
    found = dims(workload)
    assert found is not None
    subgroup = [schedule.size("subgroup", dim, 1) for dim in found.loops]
    group = [
        tiles * schedule.size("group", dim, 1) * unit(found, dim)
        for dim, tiles in zip(found.loops, subgroup, strict=True)
    ]
    deep = schedule.size("reduce", found.summed, 1)
    still = [0] * len(group)
    kind = MATRIX_FEATURES["cuda"][TYPES[workload.root_op.inputs[0].dtype]]
    parts = [
        *("convert_acc_gemm", f"mma_kind = #iree_gpu.mma_layout<{kind}>"),
        *(f"padding = {[*group, deep * DEPTH]}", "promote_operands = [0, 1]"),
        *(f"reduction = {[*still, deep]}", f"subgroup = {[*subgroup, 0]}"),
        f"workgroup = {[*group, 0]}",
    ]
    return f"#iree_gpu.lowering_config<{{{', '.join(parts)}}}>"


def as_matmul(workload: Workload, schedule: Schedule) -> tuple[Workload, Tiles]:
    """The matmul that a schedule makes of a convolution, of whole tiles, and how it builds a
    workgroup: dims 0, 1 and 2 are its rows, columns and what is summed."""
    found = dims(workload)
    assert found is not None
    tiles = {dim: schedule.size("subgroup", dim, 1) for dim in found.loops}
    warps = {dim: schedule.size("group", dim, 1) for dim in found.loops}
    deep = schedule.size("reduce", found.summed, 1)
    high, wide = _sides(found, tiles)
    rows, columns = _sides(found, warps)
    whole = {
        dim: -(-workload.extents[dim] // (tiles[dim] * warps[dim] * unit(found, dim)))
        for dim in found.loops
    }
    down, across = _sides(found, whole)
    pad = PAD_BYTES if schedule.choice("banks") == BANKS[1] else 0
    m, n, k = rows * high * ROWS, columns * wide * COLUMNS, deep * DEPTH
    shared = (m + n) * (k * ELEMENT + pad)
    built = Tiles(
        gpu_matrix.Dims(0, 1, 2), UNIT, high, wide, rows, columns, deep, pad, 1, shared
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


def unit(found: Dims, dim: int) -> int:
    """Elements of one instruction along a loop."""
    return {found.rows: ROWS, found.columns: COLUMNS}.get(dim, 1)


def _edges(found: Dims, tiles: dict[int, int], warps: dict[int, int]) -> int:
    """Rows and columns of a workgroup together."""
    sizes = {dim: tiles[dim] * warps[dim] * unit(found, dim) for dim in found.loops}
    return sum(_sides(found, sizes))


def _summed(workload: Workload) -> int:
    return math.prod(workload.extents[dim] for dim in workload.root_op.dims("reduction"))
