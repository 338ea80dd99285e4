# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: how large vectors may be, so that a schedule compiles and its code fits registers."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ...ir.analysis import gathers, strided, widest_element
from ...ir.workload import Op, Workload
from ..target import CpuTarget

MAX_UNROLLED_REGISTERS = 96
"""Longest vector body, in SIMD registers. IREE verifies four times that, but LLVM takes minutes for
it, and none that was measured ran faster. Of bodies of up to 128, as long as IREE's own for
matmuls, one in 165 exceeded the stack."""
MAX_RESULT_REGISTERS = 32
"""Longest result of a body, in SIMD registers: the register file of AVX-512."""
MAX_GATHERED_REGISTERS = 16
"""Longest vector body each of whose elements is gathered by a scalar load."""
MAX_ATTENTION_REGISTERS = 512
"""Longest vector body of either contraction of an attention, whose head dim is never tiled."""
MAX_WORKGROUPS = 4096
"""Most workgroups of a dispatch: above this their launch costs more than a core's work."""

Sizes = Mapping[int, int]
"""Tile size by dim."""


def most_elements(workload: Workload, target: CpuTarget, dim: int, sizes: Sizes) -> int:
    """The largest vector size of a dim beside the sizes of other dims: what is left of the budget
    of every op that spans the dim."""
    lanes = target.vector_bytes // widest_element(workload)
    largest = target.max_vector_bytes // widest_element(workload)
    bound = workload.extents[dim]
    for op in workload.ops:
        for loops in bodies(op):
            if dim in loops:
                bound = min(bound, _room(op, loops, dim, sizes, lanes))
                others = math.prod(sizes.get(d, 1) for d in loops if d != dim)
                bound = min(bound, max(1, (largest - 1) // others))
        for loops in _scattered(op):
            if dim in loops:
                bound = min(bound, _left(MAX_GATHERED_REGISTERS, loops, dim, sizes, lanes, False))
    return bound


def results_bytes(workload: Workload, outer: Sizes) -> int:
    """Bytes of the largest result that one op of a workgroup has, by the workgroup's tile sizes."""
    points = (
        math.prod(outer.get(dim, workload.extents[dim]) for dim in op.dims("parallel"))
        for op in workload.ops
    )
    return max(points) * widest_element(workload)


def bodies(op: Op) -> list[tuple[int, ...]]:
    """Loops of each vector body that an op becomes, the one in SIMD lanes last where that is fixed.

    An attention is two contractions: query with key, in lanes along the keys (K2), and their
    product with the values, in lanes along the values' columns (N).
    """
    if op.kind != "attention":
        return [op.loops]
    key, value = ({index.dim for index in op.inputs[i].indices} for i in (1, 2))
    scores = tuple(dim for dim in op.loops if dim not in value - key)
    rest = tuple(dim for dim in op.loops if dim not in value)
    inner = tuple(dim for dim in op.loops if dim in key and dim in value)
    columns = tuple(dim for dim in op.loops if dim in value - key)
    outer = tuple(dim for dim in rest if dim not in key)
    return [scores, (*outer, *inner, *columns)]


def _room(op: Op, loops: tuple[int, ...], dim: int, sizes: Sizes, lanes: int) -> int:
    """The largest size of `dim` that keeps a body and its result within their registers."""
    fixed = op.kind == "attention"
    total = MAX_GATHERED_REGISTERS if gathers(op) else MAX_UNROLLED_REGISTERS
    total = MAX_ATTENTION_REGISTERS if fixed else total
    room = _left(total, loops, dim, sizes, lanes, fixed)
    results = tuple(d for d in loops if d in op.dims("parallel"))
    if dim in results:
        limit = min(total, MAX_RESULT_REGISTERS)
        room = min(room, _left(limit, results, dim, sizes, lanes, fixed))
    return room


def _left(
    registers: int, loops: tuple[int, ...], dim: int, tiles: Sizes, lanes: int, fixed: bool
) -> int:
    """What `registers` leave for a dim. One size fills lanes, whole registers of them; the others
    count registers. The last loop is in lanes if that is `fixed`, else the last one above 1."""
    sizes = {d: tiles.get(d, 1) for d in loops if d != dim}
    large = [d for d in reversed(loops) if sizes.get(d, 1) > 1]
    lane = loops[-1] if fixed else (large[0] if large else dim)
    used = math.prod(-(-size // lanes) if d == lane else size for d, size in sizes.items())
    return max(1, registers // used * (lanes if lane == dim else 1))


def _scattered(op: Op) -> list[tuple[int, ...]]:
    """Loops of each operand whose elements in a row lie apart: they too are loaded one by one."""
    return [
        tuple(dim for index in operand.indices for dim, _ in index.terms)
        for operand in op.inputs
        if operand.indices and strided(operand.indices[-1])
    ]
