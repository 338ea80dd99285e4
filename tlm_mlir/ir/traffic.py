# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a workload moves between memory and whatever computes it."""

from __future__ import annotations

import math

from .workload import Operand, Workload


def spans(workload: Workload, operand: Operand, sizes: dict[int, int]) -> list[int]:
    """How many elements a tile covers along each index; all where a dim has no size."""
    extents = workload.extents
    return [
        1 + sum(abs(f) * (sizes.get(dim, extents[dim]) - 1) for dim, f in index.terms)
        for index in operand.indices
    ]


def moved(workload: Workload) -> int:
    """Bytes that the dispatch reads from memory and writes there, each once."""
    return sum(
        math.prod(spans(workload, operand, {})) * operand.bytes
        for op in workload.ops
        for operand in (*op.inputs, *op.outputs)
        if operand.source < 0
    )
