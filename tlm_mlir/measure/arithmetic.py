# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What can be said of a workload's rounding before it is run."""

from __future__ import annotations

import math

from ..ir.workload import Workload

EXACT_OPS = frozenset(
    ["addf", "subf", "mulf", "maximumf", "minimumf", "maxnumf", "minnumf", "cmpf", "select", "negf"]
    + ["yield", "constant", "extract", "index", "index_cast", "addi", "subi", "muli", "extf"]
)
"""Body ops that are exact on small integers."""


def is_exact(workload: Workload) -> bool:
    """Whether small integers in give exact values out, so that results compare for equality."""
    narrow = any(
        operand.dtype in ("f16", "bf16") or operand.dtype.startswith("f8")
        for op in workload.ops
        for operand in (*op.inputs, *op.outputs)
    )
    names = {line.split("(")[0].split("[")[0] for op in workload.ops for line in op.body}
    return not narrow and names <= EXACT_OPS and workload.root_op.kind == "generic"


def reduction_length(workload: Workload) -> int:
    """Terms of the longest sum: how far rounding may spread."""
    lengths = [math.prod(workload.extents[d] for d in op.dims("reduction")) for op in workload.ops]
    return max(1, *lengths)
