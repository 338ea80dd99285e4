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

from ..ir.sources import COMPUTED, CONSTANT
from .llvm_cpu_data_tiling import KERNEL, SCALAR, Tile, Types, tile
from .llvm_cpu_default_loops import Loops, default_loops
from .target import CpuTarget

LINE, PAGE, SECOND_CACHE = 64, 4096, 1 << 20
TLB_PAGES = 2560
"""Pages that are found without a walk: a Zen 3 has 2,048 entries, a Zen 4 has 3,072."""
WALK = 90.0
NEAR, STREAMED = 2.0, 14.0
"""A cache line from the second cache, and one from beyond it, read in order."""
WIDENED = 1.5
"""An element of the rows' factor that is of a narrower type than the result."""
TURNED = {1: 12.0, 2: 3.0, 4: 2.5}
"""A vector of the columns' factor whose innermost dim is the reduction, by bytes of an element."""
MASKED = 1.35
"""A multiplication of vectors with masks over one of whole ones."""
EMULATED = 8.0
"""A multiplication that adds up in a type which the CPU has no vectors of."""
KERNELS = 1.05
CONVERTING = 2.0
"""A data-tiled multiplication that widens what it reads."""
LATENCY = 3.0
"""Least clocks of a step of the kernel: narrow tiles wait for their own sums."""
PACKED = {1: 1.3, 2: 0.9, 4: 0.55}
"""Elements that one clock packs, by their bytes."""
PACKED_ROWS = 1.6
"""Elements of the rows' factor that one clock packs where IREE vectorizes that: AVX-512, f32
(KernelDispatch.cpp, getPackVectorTileSizes)."""
PACKED_FAR = 0.5
"""Elements that one clock packs at best into more than the second cache holds."""
UNPACKED = 1.75
DISPATCH = 18_000.0
"""One more dispatch, whose workers have to be woken."""


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
    with the columns, and the result's type."""

    batch: int
    m: int
    n: int
    k: int
    rows: Factor
    columns: Factor
    out: str

    @property
    def types(self) -> Types:
        """Element types of both factors and the result."""
        return self.rows.dtype, self.columns.dtype, self.out


def default_clocks(matmul: Matmul, target: CpuTarget) -> float:
    """Clocks of IREE's default lowering."""
    loops = default_loops(matmul.m, matmul.n, target)
    registers = math.ceil(loops.n / _lanes(target))
    multiplying = loops.m * registers / _units(target)
    if _emulated(matmul.out, target):
        multiplying *= EMULATED
    if matmul.rows.dtype != matmul.out:
        multiplying += WIDENED * loops.m
    if matmul.columns.reduction_last:
        multiplying += registers * TURNED.get(matmul.columns.bytes, TURNED[4])
    if loops.masked:
        multiplying *= MASKED
    steps = matmul.batch * loops.rows * loops.columns * matmul.k
    step = max(multiplying, _loading(matmul, loops))
    step += _finding(matmul.columns, matmul.n, matmul.k)
    return steps * step / min(max(1, target.cores), matmul.batch * loops.workgroups)


def _lanes(target: CpuTarget) -> int:
    return target.vector_bytes // 4


def _units(target: CpuTarget) -> float:
    """Vectors that one clock multiplies and adds."""
    fused = 1.0 if "fma" in target.features else 0.5
    return fused if target.vector_bits == 512 else 2.0 * fused


def _emulated(out: str, target: CpuTarget) -> bool:
    return out == "bf16" or (out == "f16" and "avx512fp16" not in target.features)


def _loading(matmul: Matmul, loops: Loops) -> float:
    """Clocks to load what one step reads of the columns' factor."""
    lines = max(1.0, loops.n * matmul.columns.bytes / LINE)
    first = STREAMED if _far(matmul.n * matmul.k * matmul.columns.bytes) else NEAR
    return lines * (first + (loops.rows - 1) * NEAR) / loops.rows


def _far(bytes_: int) -> bool:
    return bytes_ > SECOND_CACHE


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
    if pages > TLB_PAGES / max(1, apart & -apart):
        return WALK
    return (4.0 if stride >= 0.9 * PAGE else 2.0) * max(0.0, math.log2(pages / 128))


def tiled_clocks(matmul: Matmul, target: CpuTarget) -> float:
    """Clocks of the data-tiled matmul, with what packing takes whenever the program runs.

    Infinite where IREE has no tile for the types, or runs generic C on them.
    """
    found = tile(matmul.types, matmul.m, matmul.n, target)
    if found is None or found.code == SCALAR:
        return math.inf
    cores = max(1, target.cores)
    packing = sum(
        matmul.batch * _packing(factor, extent, matmul.k, target) / cores + _dispatch(factor)
        for factor, extent in ((matmul.rows, matmul.m), (matmul.columns, matmul.n))
    )
    unpacking = matmul.batch * matmul.m * matmul.n / UNPACKED / cores
    return _kernel(matmul, found, target) + packing + unpacking


def _kernel(matmul: Matmul, found: Tile, target: CpuTarget) -> float:
    tiles = matmul.batch * math.ceil(matmul.m / found.m) * math.ceil(matmul.n / found.n)
    narrow, wide = sorted((found.m, found.n))
    registers = math.ceil(wide / _lanes(target))
    multiplying = max(LATENCY, narrow * registers / _units(target)) * KERNELS
    if "f16" in matmul.types or (found.code != KERNEL and matmul.rows.dtype != matmul.out):
        multiplying *= CONVERTING
    long = matmul.columns if matmul.n >= matmul.m else matmul.rows
    first = STREAMED if _far(max(matmul.m, matmul.n) * matmul.k * long.bytes) else NEAR
    passes = math.ceil(min(matmul.m, matmul.n) / narrow)
    lines = max(1.0, wide * found.k * long.bytes / LINE)
    step = max(multiplying, lines * (first + (passes - 1) * NEAR) / passes)
    return tiles * math.ceil(matmul.k / found.k) * step / min(max(1, target.cores), tiles)


def _packing(factor: Factor, extent: int, k: int, target: CpuTarget) -> float:
    """Clocks of one core to pack a factor with its own extent and a reduction of `k`."""
    if factor.source == CONSTANT:
        return 0.0
    rows = factor.reduction_last and factor.dtype == "f32" and target.vector_bits == 512
    rate = PACKED_ROWS if rows else PACKED.get(factor.bytes, PACKED[4])
    if _far(extent * k * factor.bytes):
        rate = min(rate, PACKED_FAR)
    lanes = target.vector_bytes // 4
    return extent * k * (1 / rate + _finding(factor, extent, k) / lanes)


def _dispatch(factor: Factor) -> float:
    """What packing takes by being a dispatch of its own: it joins the one that computes a value."""
    return 0.0 if factor.source in (CONSTANT, COMPUTED) else DISPATCH
