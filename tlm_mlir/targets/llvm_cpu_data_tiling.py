# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What IREE's data tiling makes of a matmul on x86: its tiles, and whether there is a kernel.

Tiles are those of `enumerateMatmulTileX86_64` and `chooseMatmulTile` in
Codegen/ExternalInterfaces/CPUEncodingExternalModels.cpp. Kernels are those of
runtime/src/iree/builtins/ukernel/arch/x86_64/mmt4d_x86_64_tiles.inl. Types that
Codegen/Common/CPU/CPULowerToUKernels.cpp hands over without a kernel there run generic C, at less
than 2 GF/s; types that it does not hand over are vectorized by LLVM.
"""

from __future__ import annotations

from dataclasses import dataclass

from .target import CpuTarget

AVX512, AVX2, SSE = 512, 256, 128
KERNEL, VECTORIZED, SCALAR, NONE = "kernel", "vectorized", "generic C", "none"
FLOATS = ("bf16", "f16", "f32", "f64")
HANDED_OVER = frozenset(
    [("f32", "f32", "f32"), ("f16", "f16", "f32"), ("f16", "f16", "f16"), ("bf16", "bf16", "f32")]
    + [("bf16", "bf16", "bf16"), ("i8", "i8", "i32"), ("i16", "i16", "i32"), ("i8", "i4", "i32")]
    + [("i16", "i8", "i32")]
)
"""Types of both factors and the sum that IREE calls a kernel for, be there one or not."""

Types = tuple[str, str, str]


@dataclass(frozen=True)
class Tile:
    """The tile that one call of the kernel's inner loop computes, and what computes it."""

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
    # IREE takes the smaller of both extents for the narrow one and rounds it up to a power of two.
    narrow = 1 << (min(m, n) - 1).bit_length()
    rows = min(rows, narrow) if m != n else rows
    found = (rows, columns) if m <= n else (columns, rows)
    return Tile(*found, depth, code(types, target))


def _full(types: Types, target: CpuTarget) -> tuple[int, int, int] | None:
    left, right, out = types
    wide = {AVX512: (16, 16), AVX2: (8, 8)}.get(target.vector_bits, (8, 4))
    if out in ("f32", "f16", "bf16") and left in FLOATS and right in FLOATS:
        native = left == right == "bf16" and out != "f16" and "avx512bf16" in target.features
        return (*wide, 2) if native else (*wide, 1)
    if out == "i32" and left == right and left in ("i8", "i16"):
        return (*wide, 2)
    return None


def code(types: Types, target: CpuTarget) -> str:
    """What computes tiles of some types: KERNEL, VECTORIZED or SCALAR; NONE without a tile."""
    if _full(types, target) is None:
        return NONE
    if types not in HANDED_OVER:
        return VECTORIZED
    if target.vector_bits < AVX2 or "fma" not in target.features:
        return SCALAR
    if types[0] == "bf16":
        return KERNEL if "avx512bf16" in target.features else SCALAR
    return KERNEL
