# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPUs: sums that a workgroup's invocations share, each with a part of every row.

IREE does so in its pipelines VectorDistribute (Codegen/LLVMGPU) and SubgroupReduce (Codegen/SPIRV),
for reductions along one dim. Invocations exchange their parts within subgroups, and those between
them through shared memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..ir.workload import Op, Workload
from ..language.schedule import Schedule
from ..language.space import Mark, Pick
from .gpu import divisors, served
from .target import GpuTarget

MAX_PARTS = 64
"""Most elements of a step that one invocation has, of all rows."""
VECTORS = (1, 2, 4)
"""Elements of it where a load has all."""
MAX_ROWS = 8
"""Most rows of a workgroup."""
LINE = 16
"""Bytes that an invocation loads with one instruction at most."""


def summed(workload: Workload, target: GpuTarget) -> int | None:
    """The dim along which subgroups share all sums of a dispatch; None where they cannot."""
    root = workload.root_op
    if not served(workload) or root.kind != "generic":
        return None
    long = [dim for dim in root.dims("reduction") if workload.extents[dim] > 1]
    if len(long) != 1 or workload.extents[long[0]] % target.subgroup:
        return None
    (dim,) = long
    # Others that sum do it along the same dim, and every op of a row is there as a whole.
    for op in workload.ops:
        if op.kind != "generic" or set(op.dims("reduction")) - set(root.dims("reduction")):
            return None
        if set(op.dims("parallel")) - set(root.loops):
            return None
    return dim


def space(workload: Workload, target: GpuTarget, *, decides: bool):  # type: ignore[no-untyped-def]
    """The decisions after the choice of the pipeline. `decides` tells of a pipeline that is told
    how many elements a load has, and which takes several rows."""
    dim = summed(workload, target)
    assert dim is not None
    extent, wide, rows = workload.extents[dim], 1, 1
    if decides:
        yield Mark("@thread")
        most = max(1, LINE // max(operand.bytes for operand in workload.root_op.inputs))
        lines = tuple(n for n in divisors(extent, most) if extent % (n * target.subgroup) == 0)
        wide = yield Pick("thread", dim, lines)
        for row in workload.root_op.dims("parallel")[-1:]:
            rows = yield Pick("thread", row, divisors(workload.extents[row], MAX_ROWS))
    yield Mark("@group")
    # One subgroup sums up what the subgroups have: with more of them than it has invocations,
    # SubgroupReduce gives wrong sums.
    most = min(target.threads, target.subgroup**2)
    threads = yield Pick("group", dim, divisors(extent // wide, most, unit=target.subgroup))
    yield Mark("@reduce")
    # SPIR-V has vectors of two and of four, and IREE takes longer ones apart not always.
    some = divisors(extent // wide // threads, max(1, MAX_PARTS // rows // wide))
    parts = some if decides else tuple(n for n in some if n in VECTORS)
    yield Pick("reduce", dim, tuple(n * wide * threads for n in parts))


def invocations(workload: Workload, schedule: Schedule) -> int:
    """Of a workgroup."""
    dims = workload.root_op.dims("reduction")
    return math.prod(schedule.size("group", dim, 1) for dim in dims)


def sharing(workload: Workload, schedule: Schedule) -> Sequence[Op | None]:
    """The ops that the invocations share, in the order of `workload.ops`; None for one of other
    dims, and for one before the root that does not sum, which IREE fuses."""
    dims = {d for d in workload.root_op.dims("reduction") if schedule.size("reduce", d, 0)}
    return [
        op if dims & set(op.loops) and (place >= workload.root or op.dims("reduction")) else None
        for place, op in enumerate(workload.ops)
    ]
