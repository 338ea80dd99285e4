# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The loops that IREE's default makes of a matmul on x86: how much a vector tile holds, how many
tiles there are, and whether some are cut off.

The rules are those of Codegen/LLVMCPU/KernelDispatch.cpp; each function names the one that it
follows. They are followed for two parallel loops and one reduction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..target import CpuTarget

THREADS, WORKGROUPS, MOST = 8, 16, 64
"""`iree-llvmcpu-number-of-threads`, twice that, and `iree-llvmcpu-distribution-size`."""
ROWS, COLUMNS = 8, 128
"""Least rows and columns of a workgroup (`getDefaultMatmulCacheSizes`)."""


@dataclass(frozen=True)
class Loops:
    """Rows and columns of a vector tile, how many tiles there are along each, columns of a
    workgroup, how many workgroups, and whether some tiles are cut off and need masks. `ragged` is
    the share of tiles whose masks are made as the program runs."""

    m: int
    n: int
    rows: int
    columns: int
    width: int
    workgroups: int
    masked: bool
    ragged: float = 0.0


def default_loops(m: int, n: int, target: CpuTarget, any_rows: bool = False) -> Loops:
    """The loops of IREE's default for an f32 matmul of some extents. The number of rows may be
    known only when the program runs."""
    lanes = target.vector_bytes // 4
    if any_rows:
        return _loops_of_any_rows(m, n, target)
    sizes = _distribution((m, n), lanes)
    workgroups = math.prod(math.ceil(e / s) for e, s in zip((m, n), sizes, strict=True))
    if target.vector_bits == 512:
        vectors = vector_size(m, 8, lanes), vector_size(n, 2 * lanes, lanes)
    else:
        # What is left of rows and columns is peeled, and rows run as vectors of fewer.
        vectors = min(8, m), min(lanes, n)
        counts = [max(1, round(m / vectors[0])), math.ceil(n / vectors[1])]
        return Loops(vectors[0], vectors[1], counts[0], counts[1], sizes[1], workgroups, False)
    counts = [
        extent // size * math.ceil(size / vector) + math.ceil(extent % size / vector)
        for extent, size, vector in zip((m, n), sizes, vectors, strict=True)
    ]
    cut = any(size % vector for size, vector in zip(sizes, vectors, strict=True))
    return Loops(vectors[0], vectors[1], counts[0], counts[1], sizes[1], workgroups, cut)


def _loops_of_any_rows(m: int, n: int, target: CpuTarget) -> Loops:
    """Tiles are as for many rows: the last rows are masked, and with AVX-512 all are, and tiles are
    one vector wide (`getMaxVectorTileSize` of what is dynamic, `VectorPreProcStrategy`)."""
    lanes = target.vector_bytes // 4
    columns = vector_size(n, lanes, lanes) if target.vector_bits == 512 else min(lanes, n)
    rows, width = math.ceil(m / ROWS), min(MOST, n)
    workgroups = math.ceil(m / MOST) * math.ceil(n / width)
    ragged = 1.0 if target.vector_bits == 512 else (m % ROWS > 0) / rows
    return Loops(ROWS, columns, rows, math.ceil(n / columns), width, workgroups, False, ragged)


def vector_size(extent: int, most: int, lanes: int) -> int:
    """`getMaxVectorTileSize`: a multiple of the lanes that divides, else the longest divisor."""
    if extent <= most and extent < lanes:
        return extent
    most = min(most, extent)
    whole = (size for size in range(most // lanes * lanes, 0, -lanes) if extent % size == 0)
    return next(whole, 0) or next(size for size in range(most, 0, -1) if extent % size == 0)


def _distribution(extents: tuple[int, int], lanes: int) -> tuple[int, int]:
    """`getDefaultDistributedLevelTileSizes`: rows and columns of a workgroup."""
    least = (min(ROWS, extents[0]), min(COLUMNS, extents[1]))
    threads, sizes = THREADS, []
    for extent, low in zip(extents, least, strict=True):
        wanted = min(extent // threads, MOST)
        whole = [k for k in range(lanes, wanted + 1, lanes) if extent % k == 0 and k >= low]
        size = whole[-1] if whole else max(1 << max(0, wanted.bit_length() - 1), low)
        sizes.append(min(size, MOST))
        threads = max(1, threads // max(1, extent // sizes[-1]))
    sizes = _fewer_workgroups(extents, sizes, lanes)
    rows, columns = map(_whole_workgroups, extents, sizes, least)
    return rows, columns


def _fewer_workgroups(extents: tuple[int, int], sizes: list[int], lanes: int) -> list[int]:
    """`reduceDistributionWorkgroups`: larger ones where there would be too many."""
    sizes = list(sizes)
    counts = [math.ceil(extent / size) for extent, size in zip(extents, sizes, strict=True)]
    place = len(sizes) - 1
    while place >= 0 and math.prod(counts) > WORKGROUPS:
        extent, size = extents[place], sizes[place]
        double = min(2 * size, extent)
        fits = size % lanes == 0 and extent % size == 0
        if size >= min(MOST, extent) or (fits and (double % lanes or extent % double)):
            place -= 1
            continue
        sizes[place] = double
        if (count := math.ceil(extent / double)) < counts[place]:
            counts[place] = count
        else:
            place -= 1
    for place, extent in enumerate(extents):
        even = math.ceil(extent / math.ceil(extent / sizes[place]))
        if even % lanes == 0 and extent % even == 0:
            sizes[place] = even
    return sizes


def _whole_workgroups(extent: int, most: int, unit: int) -> int:
    """`getMaxDistributionTileSize`, incomplete tiles allowed."""
    if extent <= most and extent < unit:
        return extent
    most_whole = min(most, extent)
    whole = (s for s in range(most_whole // unit * unit, 0, -unit) if extent % s == 0)
    half = max(1, most_whole // 2)
    some = (s for s in range(most_whole, half - 1, -1) if extent % s == 0)
    return next(whole, 0) or next(some, most)
