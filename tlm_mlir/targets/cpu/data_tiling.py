# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What IREE's data tiling makes of a matmul on x86: its tiles, and what computes them.

Tiles are those of `enumerateMatmulTileX86_64` and `chooseMatmulTile` in
Codegen/ExternalInterfaces/CPUEncodingExternalModels.cpp. Kernels are those of
runtime/src/iree/builtins/ukernel/arch/x86_64/mmt4d_x86_64_tiles.inl. Types that
Codegen/Common/CPU/CPULowerToUKernels.cpp hands over without a kernel there run generic C, at less
than 2 GF/s. Types that it does not hand over are vectorized by LLVM.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..target import CpuTarget

KERNEL, VECTORIZED, SCALAR = "kernel", "vectorized", "generic C"
FLOATS = ("bf16", "f16", "f32")
"""IREE has tiles for floats of 8 bits as well, and no code for them that was tried."""
HANDED_OVER = frozenset(
    [("f32", "f32", "f32"), ("f16", "f16", "f32"), ("f16", "f16", "f16"), ("bf16", "bf16", "f32")]
    + [("bf16", "bf16", "bf16"), ("i8", "i8", "i32"), ("i16", "i16", "i32")]
)
"""Types of both factors and the sum that IREE calls a kernel for, be there one or not."""

TILE_BYTES = 256 * 1024
"""What a workgroup reads and writes at most (`iree-llvmcpu-matmul-tile-bytes`)."""

Types = tuple[str, str, str]


@dataclass(frozen=True)
class Tile:
    """Rows, columns and depth of the tile that the innermost code computes, and what that is."""

    m: int
    n: int
    k: int
    code: str


def tile(types: Types, m: int, n: int, target: CpuTarget) -> Tile | None:
    """The tile for `m` rows and `n` columns; None where IREE knows none and tiles nothing."""
    full = _full(types, target)
    if full is None:
        return None
    rows, columns, depth = full
    if m != n:
        # The smaller extent, rounded up to a power of two, bounds the tile's smaller side.
        rows = min(rows, 1 << (min(m, n) - 1).bit_length())
    sides = (rows, columns) if m <= n else (columns, rows)
    return Tile(*sides, depth, _code(types, target))


def _full(types: Types, target: CpuTarget) -> tuple[int, int, int] | None:
    left, right, out = types
    rows, columns = {512: (16, 16), 256: (8, 8)}.get(target.vector_bits, (8, 4))
    if out in FLOATS and left in FLOATS and right in FLOATS:
        paired = left == right == "bf16" and out != "f16" and "avx512bf16" in target.features
        return rows, columns, 2 if paired else 1
    if out == "i32" and left == right and left in ("i8", "i16"):
        return rows, columns, 2
    return None


def _code(types: Types, target: CpuTarget) -> str:
    if types not in HANDED_OVER:
        return VECTORIZED
    if target.vector_bits < 256 or "fma" not in target.features:
        return SCALAR
    return SCALAR if types[0] == "bf16" and "avx512bf16" not in target.features else KERNEL


def traversals(tiles: tuple[int, int], k: int, found: Tile, bytes_: tuple[int, int]) -> Traversals:
    """How often workgroups read each factor: `getMmt4dLoweringConfig` in KernelDispatch.cpp.

    `tiles` counts the kernel's tiles along rows and columns, `bytes_` those of an element of each
    factor.
    """
    sides = (found.m, found.n)
    lengths = [count * side for count, side in zip(tiles, sides, strict=True)]
    best = tiles
    for rows in _divisors(tiles[0]):
        for columns in _divisors(tiles[1]):
            counts = (tiles[0] // rows, tiles[1] // columns)
            # Whole matrices count half.
            held = sum(
                size * side * k * each * (0.5 if count == 1 else 1.0)
                for size, side, each, count in zip(
                    (rows, columns), sides, bytes_, counts, strict=True
                )
            )
            sums = rows * columns * found.m * found.n * 4 * (0.5 if counts == (1, 1) else 1.0)
            if held + sums <= TILE_BYTES and _cost(counts, lengths, bytes_) < _cost(
                best, lengths, bytes_
            ):
                best = counts
    return Traversals(best[1], best[0])


@dataclass(frozen=True)
class Traversals:
    """How often the rows' factor is read, and the columns'; their product counts workgroups."""

    rows: int
    columns: int


def _cost(counts: tuple[int, int], lengths: list[int], bytes_: tuple[int, int]) -> float:
    read = counts[1] * lengths[0] * bytes_[0] + counts[0] * lengths[1] * bytes_[1]
    return read * max(1, 8 // (counts[0] * counts[1]))


def _divisors(number: int) -> list[int]:
    small = [size for size in range(1, math.isqrt(number) + 1) if number % size == 0]
    return sorted({*small, *(number // size for size in small)})
