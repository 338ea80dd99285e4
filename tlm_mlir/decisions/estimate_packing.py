# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An analytic estimate of a contraction, packed or not.

Only ratios of estimates mean anything: clocks are turned into seconds at a nominal rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..ir.workload import Workload
from ..targets.cpu.matmul_clocks import Factor, Matmul, default_clocks, tiled_clocks
from ..targets.target import CpuTarget

HERTZ = 3.5e9


def seconds(
    workload: Workload, target: CpuTarget, sources: Sequence[str], packed: bool
) -> float:
    """Seconds of a contraction; infinite where IREE has no fast code for it.

    `sources` has one for each input of the root op.
    """
    matmul = read_matmul(workload, sources)
    if matmul is None:
        return math.inf if packed else 0.0
    return (tiled_clocks if packed else default_clocks)(matmul, target) / HERTZ


def read_matmul(workload: Workload, sources: Sequence[str]) -> Matmul | None:
    """The contraction that a workload's root is; None where it is none."""
    root = workload.root_op
    out = [index.dim for index in root.outputs[0].indices]
    dims = [{index.dim for index in operand.indices} for operand in root.inputs]
    summed = root.dims("reduction")
    if len(dims) != 2 or not out or not summed or None in dims[0] | dims[1] | set(out):
        return None
    # The rows' factor is the one without the result's innermost dim.
    rows = 1 if out[-1] in dims[0] else 0
    columns = 1 - rows
    own = [
        [dim for dim in root.dims("parallel") if dim not in dims[other]]
        for other in (columns, rows)
    ]
    batch = [dim for dim in root.dims("parallel") if dim in dims[0] & dims[1]]
    b, m, n, k = (math.prod(workload.extents[dim] for dim in d) for d in (batch, *own, summed))
    factors = [
        Factor(operand.dtype, operand.bytes, operand.indices[-1].dim in summed, source)
        for operand, source in zip(root.inputs, sources, strict=True)
    ]
    out_type, any_rows = root.outputs[0].dtype, bool(workload.any_length)
    return Matmul(b, m, n, k, factors[rows], factors[columns], out_type, any_rows)
