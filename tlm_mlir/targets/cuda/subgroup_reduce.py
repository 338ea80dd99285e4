# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: sums that the threads of a workgroup share, by VectorDistribute."""

from __future__ import annotations

from ...ir.workload import Op
from ...iree import attributes
from ...language.schedule import Schedule
from ..gpu import subgroup_reduce
from ..gpu.pipeline import GpuTask
from .pipeline import VECTOR_DISTRIBUTE, WARP, vector_distribute


class SubgroupReduce(subgroup_reduce.SubgroupReduce):
    """Warps, and threads of each, along a row."""

    name, decides = VECTOR_DISTRIBUTE, True

    def translation_info(self, invocations: int) -> str:
        """Text for a function whose workgroups have so many threads."""
        return vector_distribute(invocations)

    def config(self, task: GpuTask, schedule: Schedule, op: Op) -> str:
        """Text for an op that the threads share."""
        root = task.workload.root_op
        summed = set(root.dims("reduction"))
        steps = {dim: schedule.size("reduce", dim, 1) for dim in summed}
        threads = {dim: schedule.size("group", dim, 1) for dim in summed}
        lanes = [WARP if threads.get(dim, 1) > 1 else 1 for dim in op.loops]
        warps = [threads.get(dim, 1) // n for dim, n in zip(op.loops, lanes, strict=True)]
        places = list(range(len(op.loops)))
        parts = [f"lane_basis = {[lanes, places]}", f"subgroup_basis = {[warps, places]}"]
        step = [steps.get(dim, 0) for dim in op.loops]
        parts.append(f"{'partial_reduction' if op.dims('reduction') else 'serial'} = {step}")
        thread = [schedule.size("thread", dim, 1) if dim in summed else 0 for dim in op.loops]
        parts.append(f"thread = {thread}")
        if op is root:
            group = [0 if dim in summed else schedule.size("thread", dim, 1) for dim in op.loops]
            parts.append(f"workgroup = {group}")
        return attributes.gpu_config(sorted(parts))


SUBGROUP_REDUCE = SubgroupReduce()
