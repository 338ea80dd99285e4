# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPUs: sums that a workgroup's invocations share, each with a part of every row.

IREE does so in its pipelines VectorDistribute (Codegen/LLVMGPU) and SubgroupReduce (Codegen/SPIRV),
for reductions along one dim. Invocations exchange their parts within subgroups, and those between
them through shared memory.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from ...ir.workload import Op, Workload
from ...iree.attributes import LOWERING, TRANSLATION, Configured
from ...language.schedule import Decision, Schedule
from ...language.space import Mark, Pick, Step
from ..backend import Configuration
from .estimate import demand
from .machine import Demand
from .pipeline import GpuPipeline, GpuTask, divisors, served
from .read_back import levels, matrix_unit, scheduled

MAX_PARTS = 64
"""Most elements of a step that one invocation has, of all rows."""
VECTORS = (1, 2, 4)
"""Elements of a step that one invocation has where a single load brings all of them."""
MAX_ROWS = 8
"""Most rows of a workgroup."""
LINE = 16
"""Bytes that an invocation loads with one instruction at most."""


class SubgroupReduce(GpuPipeline):
    """Sums that a workgroup's invocations share. `name` is the pipeline of IREE's. `decides` tells
    of one that is told how many elements a load has, and which takes several rows."""

    token, number = "pipeline:lanes", 4
    name: ClassVar[str]
    decides: ClassVar[bool]

    def applies(self, task: GpuTask) -> bool:
        """To sums along one dim, of which every subgroup has whole steps."""
        return summed(task) is not None

    def knobs(self, task: GpuTask) -> Step[None]:
        """Elements of a load and rows, invocations, what each has of a step."""
        workload, target = task.workload, task.target
        dim = summed(task)
        assert dim is not None
        extent, wide, rows = workload.extents[dim], 1, 1
        if self.decides:
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
        parts = some if self.decides else tuple(n for n in some if n in VECTORS)
        yield Pick("reduce", dim, tuple(n * wide * threads for n in parts))

    @abstractmethod
    def translation_info(self, invocations: int) -> str:
        """Text for a function whose workgroups have so many invocations."""

    @abstractmethod
    def config(self, task: GpuTask, schedule: Schedule, op: Op) -> str:
        """Text for an op that the invocations share."""

    def configure(self, task: GpuTask, schedule: Schedule) -> Configuration:
        """A config for every op that the invocations share; IREE fuses the others."""
        ops = tuple(
            {LOWERING: self.config(task, schedule, op)} if op else {}
            for op in sharing(task.workload, schedule)
        )
        info = self.translation_info(invocations(task.workload, schedule))
        return Configuration({TRANSLATION: info}, ops)

    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """How many share a sum, what each has of a step, and the rows, as if all shared the
        innermost dim that is summed over."""
        if configured.translation.pipeline != self.name or matrix_unit(configured):
            return None
        root = task.workload.root_op
        names = ("workgroup", "partial_reduction", "thread")
        each = (levels(op, names, root.loops) for op in configured.ops)
        found = next((some for some in each if some), None)
        dims = root.dims("reduction")
        if found is None or not dims:
            return None
        group, step, thread = found
        threads = math.prod(configured.translation.workgroup)
        decisions = [Decision("thread", d, max(1, group[d])) for d in root.dims("parallel")]
        decisions += [Decision("reduce", d, max(1, step[d])) for d in dims]
        decisions.append(Decision("group", dims[-1], threads))
        if thread[dims[-1]]:
            decisions.append(Decision("thread", dims[-1], thread[dims[-1]]))
        return scheduled(self.token, decisions)

    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """Each sum is exchanged within subgroups, and then between them."""
        return demand(task.workload, task.target, schedule, across=True)


def summed(task: GpuTask) -> int | None:
    """The dim along which subgroups share all sums of a dispatch; None where they cannot."""
    workload, target = task.workload, task.target
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


def invocations(workload: Workload, schedule: Schedule) -> int:
    """Invocations of a workgroup."""
    dims = workload.root_op.dims("reduction")
    return math.prod(schedule.size("group", dim, 1) for dim in dims)


def sharing(workload: Workload, schedule: Schedule) -> Sequence[Op | None]:
    """The ops that the invocations share, one entry for each of `workload.ops`.

    None where the op has none of the reduced dims, or stands before the root and does not reduce:
    IREE fuses it.
    """
    dims = {d for d in workload.root_op.dims("reduction") if schedule.size("reduce", d, 0)}
    return [
        op if dims & set(op.loops) and (place >= workload.root or op.dims("reduction")) else None
        for place, op in enumerate(workload.ops)
    ]
