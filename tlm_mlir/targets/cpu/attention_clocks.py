# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: an analytic estimate of an attention, in one dispatch and decomposed, in clocks.

One dispatch multiplies short vectors and reaches a share of the peak. Decomposed, the contractions
cost what contractions cost, and the scores pass several times through whichever cache holds them.
The constants were fitted to one core of a Zen 4, running code for AVX-512 and for AVX2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ...ir.analysis import head_dims
from ...ir.sources import COMPUTED
from ...ir.workload import Operand, Workload
from ..target import CpuTarget
from .matmul_clocks import (
    DISPATCH,
    Factor,
    Matmul,
    default_clocks,
    fused_a_clock,
    level,
    tiled_clocks,
)

SHARE = {512: 0.33, 256: 0.09}
"""Share of the peak that one dispatch reaches, under the best schedules that were found."""
UNEVEN = 0.55
"""Part of it that is left where keys come in no whole steps of KEYS."""
KEYS = 8
RAGGED = 0.6
"""Part of it that is left where a head is no whole number of vectors, or more than HEAD."""
HEAD = 64
SCORE = {512: (4.5, 10.0, 20.0), 256: (5.5, 11.0, 20.0)}
"""Clocks of all that is done to a score but its products, by the cache that holds them all."""
DISPATCHES = 6
"""More dispatches than one."""


def one_dispatch_clocks(workload: Workload, target: CpuTarget) -> float:
    """Clocks of the dispatch that IREE makes of an attention, under a schedule."""
    _, keys, head, value = (_points(workload, dims) for dims in _dims(workload))
    share = SHARE.get(target.vector_bits, SHARE[256])
    share *= UNEVEN if keys % KEYS else 1.0
    share *= RAGGED if head % (target.vector_bytes // 4) or head > HEAD else 1.0
    products = _points(workload, range(len(workload.extents))) / head / value * (head + value)
    lanes = target.vector_bytes // 4 * fused_a_clock(target)
    return products / lanes / share / max(1, target.cores)


def decomposed_clocks(workload: Workload, target: CpuTarget) -> float:
    """Clocks of two contractions, and of what is done to the scores between them."""
    batch, keys, head, value = _dims(workload)
    rows = [dim for dim in workload.root_op.dims("parallel") if dim not in (*batch, *value)]
    b, m, k2, k1, n = (_points(workload, dims) for dims in (batch, rows, keys, head, value))
    query_, key_, value_ = workload.root_op.inputs[:3]
    scores = Factor(query_.dtype, query_.bytes, True, COMPUTED)
    matmuls = (
        Matmul(b, m, k2, k1, _factor(query_, head), _factor(key_, head), query_.dtype),
        Matmul(b, m, n, k2, scores, _factor(value_, keys), query_.dtype),
    )
    products = sum(
        min(default_clocks(matmul, target), tiled_clocks(matmul, target)) for matmul in matmuls
    )
    count = b * m * k2
    each = SCORE.get(target.vector_bits, SCORE[256])[level(count * query_.bytes)]
    return products + count * each / max(1, target.cores) + DISPATCHES * DISPATCH


def _dims(workload: Workload) -> tuple[list[int], list[int], list[int], list[int]]:
    """Dims that all factors have, keys, the head, and those of the values alone."""
    root = workload.root_op
    query, key, value = (
        {dim for index in operand.indices for dim, _ in index.terms} for operand in root.inputs[:3]
    )
    head = head_dims(workload)
    keys = [dim for dim in root.dims("reduction") if dim not in head]
    batch = [dim for dim in root.dims("parallel") if dim in query & key & value]
    return batch, keys, head, [dim for dim in root.dims("parallel") if dim in value - query]


def _points(workload: Workload, dims: Iterable[int]) -> int:
    return math.prod(workload.extents[dim] for dim in dims)


def _factor(operand: Operand, summed: list[int]) -> Factor:
    """One operand of a contraction."""
    return Factor(operand.dtype, operand.bytes, operand.indices[-1].dim in summed, COMPUTED)
