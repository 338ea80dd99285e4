# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""vulkan-spirv: sums that the invocations of a workgroup share (SubgroupReduce)."""

from __future__ import annotations

from ...ir.workload import Op
from ...iree import attributes
from ...language.schedule import Schedule
from ..gpu import subgroup_reduce
from ..gpu.pipeline import GpuTask
from .pipeline import served, translation_info


class SubgroupReduce(subgroup_reduce.SubgroupReduce):
    """One row of a workgroup's, in steps."""

    name, decides = "SubgroupReduce", False

    def applies(self, task: GpuTask) -> bool:
        """Where the root op skips no elements of an input, which IREE fails to share out."""
        indices = (i for operand in task.workload.root_op.inputs for i in operand.indices)
        strided = any(factor != 1 for index in indices for _, factor in index.terms)
        return served(task) and super().applies(task) and not strided

    def translation_info(self, invocations: int) -> str:
        """Text for a function whose workgroups have so many invocations."""
        return translation_info(self.name, [invocations])

    def config(self, task: GpuTask, schedule: Schedule, op: Op) -> str:
        """Levels of an op that invocations share: a row of the root's, and a step."""
        root = task.workload.root_op
        summed = root.dims("reduction")
        parallel = [1 for _ in root.dims("parallel")] if op is root else []
        step = [schedule.size("reduce", dim, 1) if dim in summed else 0 for dim in op.loops]
        return attributes.spirv_config([parallel, step])


SUBGROUP_REDUCE = SubgroupReduce()
