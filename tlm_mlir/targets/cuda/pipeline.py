# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: what its pipelines share.

Most go through IREE's TileAndFuse, attention and shared sums through VectorDistribute (Codegen/
LLVMGPU, Passes.cpp). Of TileAndFuse only the root op is configured; IREE fuses the others. IREE
takes a workgroup size that does not fit the tiling, so it is worked out here.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.analysis import widest_input
from ...ir.workload import Workload
from ...iree import attributes
from ...iree.attributes import Configured

WARP = 32
"""Threads of a warp, on every CUDA device."""
TILE_AND_FUSE, VECTOR_DISTRIBUTE = "TileAndFuse", "VectorDistribute"
"""IREE's names."""


def tile_and_fuse(threads: int, options: Sequence[str] = ()) -> str:
    """Text of the translation info for workgroups of so many threads."""
    # Whole subgroups: those without work are masked.
    size = -(-threads // WARP) * WARP
    return attributes.translation_info(
        attributes.GPU, TILE_AND_FUSE, workgroup=(size, 1, 1), subgroup=WARP, options=options
    )


def vector_distribute(threads: int, options: Sequence[str] = ()) -> str:
    """Text of the translation info for workgroups of so many threads."""
    return attributes.translation_info(
        attributes.GPU, VECTOR_DISTRIBUTE, workgroup=(threads, 1, 1), subgroup=WARP, options=options
    )


def fused(configured: Configured) -> bool:
    """Whether IREE has chosen TileAndFuse without tensor cores."""
    if any("mma_kind" in op.entries for op in configured.ops):
        return False
    return configured.translation.pipeline == TILE_AND_FUSE


def widest(workload: Workload) -> int:
    """Bytes of the widest element that an op reads, four at least."""
    return max([4, *(widest_input(op) for op in workload.ops)])
