# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: reductions that another one reads in its dispatch, as the maximum of a softmax.

IREE tiles the root op's reduction and fuses what it reads into that loop, so that the reduction
ahead stands there in each of its steps. It is the same in all of them, and where tiles have static
sizes it is moved out of the loop. Where a vector's size does not divide its workgroup's, or that
the loop, sizes are computed as it runs, and it stays: the maximum of a row of n is computed n / 16
times. Other sizes mend it, which is counted here in nanoseconds a point, of one core of a Zen 4.
"""

from __future__ import annotations

import math

from ...ir.analysis import ahead
from ...ir.workload import Workload
from ...language.sampling import admits, draw
from ...language.schedule import Schedule
from ...language.space import Choice, Knob, Order, Size, Value
from .pipeline import CpuTask, large
from .tile import TILE

ONCE = 2.0
"""What a point of such a dispatch takes where everything is computed once."""
AGAIN = {True: 0.7, False: 0.2}
"""What it takes more for each time that a reduction ahead is computed again, by whether the
reduction runs along the innermost dim."""


def again(workload: Workload, schedule: Schedule) -> int:
    """How often reductions ahead of the root are computed for a result; 1 where there is none."""
    root = workload.root_op
    if not ahead(workload) or schedule.pipeline != TILE.token or _static(workload, schedule):
        return 1
    return math.prod(
        -(-workload.extents[dim] // (schedule.size("reduce", dim) or workload.extents[dim]))
        for dim in root.dims("reduction")
    )


def remedy(task: CpuTask, baseline: Schedule) -> tuple[Schedule, float] | None:
    """IREE's own schedule with other sizes where that computes reductions again, and the log of
    what it takes over what IREE's takes."""
    workload = task.workload
    if again(workload, baseline) == 1:
        return None
    sizes: dict[tuple[str, int], int] = {}
    for dim in large(workload, workload.root_op.dims("parallel")):
        vector, group = _sizes(workload.extents[dim], dim, baseline, task.target.cores)
        sizes |= {("vector", dim): vector, ("distribute", dim): group}

    def choose(knob: Knob) -> Value:
        if isinstance(knob, Choice):
            known = baseline.choice(knob.name)
            return known if admits(knob, known) else knob.options[0]
        if isinstance(knob, Order):
            return knob.items
        assert isinstance(knob, Size)
        size = sizes.get((knob.name, knob.dim), baseline.size(knob.name, knob.dim))
        return size if admits(knob, size) else min(max(size, knob.low), knob.high)

    found = draw(task.space(), choose)
    if again(workload, found) > 1:
        return None
    return found, math.log(_cost(workload, found, baseline) / _cost(workload, baseline, baseline))


def _static(workload: Workload, schedule: Schedule) -> bool:
    """Whether all tiles of the parallel loops are of one size. What is left of them, peeled or not,
    has sizes that are computed."""
    for dim in large(workload, workload.root_op.dims("parallel")):
        outer = workload.extents[dim]
        for level in ("distribute", "cache", "vector"):
            size = schedule.size(level, dim) or outer
            if outer % size:
                return False
            outer = size
    return True


def _sizes(extent: int, dim: int, baseline: Schedule, cores: int) -> tuple[int, int]:
    """Sizes of vectors and workgroups that divide a loop, near to IREE's own: the longest vector
    that is no longer than IREE's, and no fewer workgroups than cores if IREE has as many."""
    vector = next(
        size for size in range(baseline.size("vector", dim) or 1, 0, -1) if extent % size == 0
    )
    group = baseline.size("distribute", dim) or extent
    fewest = min(cores, -(-extent // group))
    count = min(
        (n for n in range(fewest, extent // vector + 1) if extent // vector % n == 0),
        key=lambda n: abs(math.log(extent / n / group)),
        default=extent // vector,
    )
    return vector, 0 if count == 1 else extent // count


def _cost(workload: Workload, schedule: Schedule, baseline: Schedule) -> float:
    """Nanoseconds a point. Vectors that are shorter than IREE's cost as many more, unless lanes are
    along what is reduced."""
    root = workload.root_op
    inner = root.inputs[0].indices[-1].dim if root.inputs[0].indices else None
    along = inner in root.dims("reduction")
    shorter = 1.0
    if inner is not None and not along:
        shorter = (baseline.size("vector", inner) or 1) / (schedule.size("vector", inner) or 1)
    return ONCE * shorter + AGAIN[along] * (again(workload, schedule) - 1)
