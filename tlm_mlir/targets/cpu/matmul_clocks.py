# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Clocks that a matmul takes as IREE compiles it by default, and data-tiled.

Both are counted from the loop nest that IREE generates: what its innermost tile multiplies, loads,
widens and turns, and which cache lines and pages it touches. The constants were fitted to times of
one core of a Zen 4 (benchmarks/README.md). Vector width, features and cores are the target's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...ir.sources import COMPUTED, CONSTANT
from ..target import CpuTarget
from .data_tiling import KERNEL, SCALAR, Tile, Types, tile, traversals
from .default_loops import default_loops

LINE, PAGE = 64, 4096
NEAR_BYTES, FAR_BYTES = 1 << 20, 8 << 20
"""Bytes that the second cache holds, and a core's part of the third."""
TLB_PAGES = 2560
"""Pages that are found without a walk: a Zen 3 has 2,048 entries, a Zen 4 has 3,072."""
WALK = 90.0
"""Clocks of a page walk."""
LINES = (0.0, 3.0, 5.5)
"""Clocks that a cache line adds when it is read from the second cache, the third, and memory."""
WIDENED = {512: 1.4, 256: 0.5}
"""Clocks to widen an element of the rows' factor to the result's type, by vector width."""
TURNED = {1: 12.0, 2: 3.0, 4: 2.5}
"""Clocks to gather a vector of 16 from a columns' factor whose innermost dim is the reduction, by
bytes of an element."""
MASKED = 1.35
"""Clocks of a multiplication of masked vectors over one of whole vectors."""
RAGGED = {512: 1.8, 256: 2.05}
"""The same where masks are made as the program runs, by vector width (768 x 768 weights)."""
EMULATED = 8.0
"""Clocks of a multiplication that sums in a type without vectors, over one of vectors."""
BROADCAST = {512: 0.0, 256: 2.0}
"""Clocks that a step of IREE's default loads beside its multiplications where registers are short,
by vector width."""
KERNELS = {512: 1.05, 256: 1.2}
"""Clocks of a step of the data-tiled kernel over its multiplications, by vector width: at 8 by 8 it
is bound by loads."""
CONVERTING = 2.0
"""Clocks of a data-tiled multiplication that widens what it reads, over one that does not."""
LATENCY = 3.0
"""Least clocks of a step of the data-tiled kernel: narrow tiles wait for their own sums."""
COPIED = {1: 0.8, 2: 1.1, 4: 1.8}
TURNED_BY_ONE = {1: 1.6, 2: 1.5, 4: 4.0}
"""Clocks to pack an element of the columns' factor along its own dim, and along the reduction, by
its bytes."""
TURNED_IN_VECTORS = 0.7
"""Clocks to pack an element along the reduction where IREE vectorizes that: AVX-512, f32
(KernelDispatch.cpp, getPackVectorTileSizes)."""
PACKED = (0.0, 2.5, 3.0)
"""Least clocks to pack an element into a buffer that fits the second cache, the third, or none."""
PACKED_ROWS, ROWS_MOVED = 1.0, (0.0, 0.48, 0.75)
"""Clocks to pack an element of the rows' factor, and least of them for each of its bytes, by where
the factor is."""
FROM_MEMORY = 5.5
"""Bytes that all cores together read and write in a clock while they pack from memory; what is
written is read before."""
UNPACKED = 0.6
"""Clocks to unpack an element of the result."""
DISPATCH = 18_000.0
"""Clocks of one more dispatch, whose workers have to be woken."""


@dataclass(frozen=True)
class Factor:
    """One operand of a matmul: its type, bytes of an element, whether the reduction is its
    innermost dim, and where it comes from (`ir/sources.py`)."""

    dtype: str
    bytes: int
    reduction_last: bool
    source: str


@dataclass(frozen=True)
class Matmul:
    """A contraction: extents of batch, rows, columns and reduction; the factor with the rows, that
    with the columns, and the result's type. Where `any_rows`, m is only assumed."""

    batch: int
    m: int
    n: int
    k: int
    rows: Factor
    columns: Factor
    out: str
    any_rows: bool = False

    @property
    def types(self) -> Types:
        """Element types of both factors and the result."""
        return self.rows.dtype, self.columns.dtype, self.out


def default_clocks(matmul: Matmul, target: CpuTarget) -> float:
    """Clocks of IREE's default lowering."""
    loops = default_loops(matmul.m, matmul.n, target, matmul.any_rows)
    columns, vector = matmul.columns, loops.n * matmul.columns.bytes
    registers = math.ceil(loops.n / _lanes(target))
    step = loops.m * registers / fused_a_clock(target)
    if _emulated(matmul.out, target):
        step *= EMULATED
    if matmul.rows.dtype != matmul.out:
        step += WIDENED.get(target.vector_bits, WIDENED[256]) * loops.m
    if columns.reduction_last:
        step += TURNED.get(columns.bytes, TURNED[4]) * registers * _lanes(target) / 16
    step *= MASKED if loops.masked else 1.0
    step *= 1.0 + loops.ragged * (RAGGED.get(target.vector_bits, RAGGED[256]) - 1.0)
    step += BROADCAST.get(target.vector_bits, BROADCAST[256])
    # A workgroup reads its columns again for all of its rows, from the second cache if they fit.
    fits = loops.width * matmul.k * columns.bytes <= (target.l2 or NEAR_BYTES)
    line = LINES[level(matmul.n * matmul.k * columns.bytes)]
    step += vector / LINE * line / (loops.rows if fits else 1)
    # Narrower vectors find the line of those beside them.
    step += _finding(columns, matmul.n, matmul.k) * min(1.0, vector / LINE) ** 1.5
    steps = matmul.batch * loops.rows * loops.columns * matmul.k
    return steps * step / min(max(1, target.cores), matmul.batch * loops.workgroups)


def _lanes(target: CpuTarget) -> int:
    return target.vector_bytes // 4


def fused_a_clock(target: CpuTarget) -> float:
    """Vectors that one clock multiplies and adds."""
    fused = 1.0 if "fma" in target.features else 0.5
    return fused if target.vector_bits == 512 else 2.0 * fused


def _emulated(out: str, target: CpuTarget) -> bool:
    return out == "bf16" or (out == "f16" and "avx512fp16" not in target.features)


def level(bytes_: int) -> int:
    """Where an operand of some size is: 0 in the second cache, 1 in the third, 2 in memory."""
    return (bytes_ > NEAR_BYTES) + (bytes_ > FAR_BYTES)


def _finding(factor: Factor, extent: int, k: int) -> float:
    """Clocks to find a row of a factor that is not on the page of the one before.

    `extent` is that of the factor's own dim, along which its rows lie; it has `k` of them.
    """
    if factor.reduction_last:
        return 0.0
    stride = extent * factor.bytes
    pages = k * min(1.0, stride / PAGE)
    # Where rows are an even number of pages apart, only some sets of the TLB serve them.
    apart = stride // PAGE
    known = (4.0 if stride >= 0.9 * PAGE else 2.0) * max(0.0, math.log2(pages / 128))
    if pages > TLB_PAGES / max(1, apart & -apart):
        # Of several rows on a page, the first is looked up for all.
        return max(known, WALK * min(1.0, stride / PAGE))
    return known


def tiled_clocks(matmul: Matmul, target: CpuTarget) -> float:
    """Clocks of the data-tiled matmul, with what packing takes whenever the program runs.

    Infinite where IREE has no tile for the types, or runs generic C on them.
    """
    found = tile(matmul.types, matmul.m, matmul.n, target)
    if found is None or found.code == SCALAR:
        return math.inf
    cores = max(1, target.cores)
    elements = matmul.batch * matmul.k
    bytes_ = matmul.rows.bytes
    row = max(PACKED_ROWS, ROWS_MOVED[level(elements * matmul.m * bytes_)] * bytes_)
    packing = _pack(matmul.rows, elements * matmul.m, row, cores)
    column = _packing(matmul.columns, matmul.n, matmul.k, target)
    packing += _pack(matmul.columns, elements * matmul.n, column, cores)
    unpacking = matmul.batch * matmul.m * matmul.n * UNPACKED / cores
    return _kernel(matmul, found, target) + packing + unpacking


def _kernel(matmul: Matmul, found: Tile, target: CpuTarget) -> float:
    tiles = math.ceil(matmul.m / found.m), math.ceil(matmul.n / found.n)
    narrow, wide = sorted((found.m, found.n))
    registers = math.ceil(wide / _lanes(target))
    step = max(LATENCY, narrow * registers / fused_a_clock(target))
    step *= KERNELS.get(target.vector_bits, KERNELS[256])
    if "f16" in matmul.types or (found.code != KERNEL and matmul.rows.dtype != matmul.out):
        step *= CONVERTING
    again = traversals(tiles, matmul.k, found, (matmul.rows.bytes, matmul.columns.bytes))
    # The longer factor passes through the caches, panels of the shorter one stay.
    if matmul.n >= matmul.m:
        side, extent, bytes_ = found.n, matmul.n, matmul.columns.bytes
        passing = again.columns / tiles[0]
    else:
        side, extent, bytes_ = found.m, matmul.m, matmul.rows.bytes
        passing = again.rows / tiles[1]
    line = LINES[level(extent * matmul.k * bytes_)]
    step += side * found.k * bytes_ / LINE * line * passing
    steps = matmul.batch * tiles[0] * tiles[1] * math.ceil(matmul.k / found.k)
    workgroups = matmul.batch * again.rows * again.columns
    return steps * step / min(max(1, target.cores), workgroups)


def _pack(factor: Factor, elements: int, element: float, cores: int) -> float:
    """Clocks of packing a factor in every call, which a dispatch that computes it can do: one core
    takes `element` for each of its elements."""
    if factor.source == CONSTANT:
        return 0.0
    clocks = elements * element / cores
    bytes_ = elements * factor.bytes
    if level(bytes_) == len(LINES) - 1:
        clocks = max(clocks, 3 * bytes_ / FROM_MEMORY)
    return clocks if factor.source == COMPUTED else clocks + DISPATCH


def _packing(factor: Factor, extent: int, k: int, target: CpuTarget) -> float:
    """Clocks of one core to pack an element of the columns' factor."""
    if not factor.reduction_last:
        element = COPIED.get(factor.bytes, COPIED[4])
    elif factor.dtype == "f32" and target.vector_bits == 512:
        element = TURNED_IN_VECTORS
    else:
        element = TURNED_BY_ONE.get(factor.bytes, TURNED_BY_ONE[4])
    element = max(element, PACKED[level(extent * k * factor.bytes)])
    return element + _finding(factor, extent, k) / _lanes(target)
