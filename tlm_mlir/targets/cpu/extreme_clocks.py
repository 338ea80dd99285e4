# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: an analytic estimate of an argmax, in one op and in steps, in clocks.

One op is scalar code: its time is that of a step that waits for the one before, unless other rows
or columns are beside it. Steps pass several times over what they read, in vectors. The constants
were fitted to one core of a Zen 4, running code for AVX-512 and for AVX2.
"""

from __future__ import annotations

import math

from ...ir.extreme import Extreme
from ...ir.workload import Workload
from ..target import CpuTarget
from .matmul_clocks import DISPATCH

WAITING, SIDE_BY_SIDE, BETWEEN = 9.0, 4.0, 2.5
"""Clocks of an element in one op: along a row, along one shorter than SHORT, between rows."""
SHORT = 64
ROWS, COLUMNS = {512: 2.7, 256: 3.2}, {512: 1.0, 256: 1.9}
"""Clocks of an element in steps, by vector width, along rows and between them."""
FAR = 0.6
"""Clocks of a byte in steps that no cache holds."""
DISPATCHES = 3
"""More dispatches than one."""


def one_op_clocks(workload: Workload, target: CpuTarget, found: Extreme) -> float:
    """Clocks of an argmax as IREE lowers it."""
    each = BETWEEN
    if _along(workload, found):
        dim = workload.root_op.loops[found.loop]
        each = SIDE_BY_SIDE if workload.extents[dim] < SHORT else WAITING
    return math.prod(workload.extents) * each / _cores(workload, target)


def steps_clocks(workload: Workload, target: CpuTarget, found: Extreme) -> float:
    """Clocks of an argmax in steps."""
    table = ROWS if _along(workload, found) else COLUMNS
    each = table.get(target.vector_bits, 2 * table[256])
    size = workload.root_op.inputs[0].bytes
    if math.prod(workload.extents) * size > (target.l3 or target.l2 or 1 << 20):
        each += FAR * size
    return math.prod(workload.extents) * each / _cores(workload, target) + DISPATCHES * DISPATCH


def _along(workload: Workload, found: Extreme) -> bool:
    """Whether elements that are compared lie in a row."""
    root = workload.root_op
    return root.inputs[0].indices[-1].dim == root.loops[found.loop]


def _cores(workload: Workload, target: CpuTarget) -> int:
    """Cores that a loop without dependences keeps busy."""
    free = math.prod(workload.extents[dim] for dim in workload.root_op.dims("parallel"))
    return max(1, min(target.cores, free))
