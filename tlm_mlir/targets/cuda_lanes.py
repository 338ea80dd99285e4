# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: sums that the threads of a workgroup share (`gpu_lanes.py`), by VectorDistribute."""

from __future__ import annotations

from ..ir.workload import Op, Workload
from ..language.schedule import Schedule
from . import gpu_lanes
from .cuda_matrix import SUBGROUP


def translation_info(workload: Workload, schedule: Schedule) -> str:
    """Text of the function's `#iree_codegen.translation_info`."""
    size = gpu_lanes.invocations(workload, schedule)
    return (
        "#iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<VectorDistribute>"
        f" workgroup_size = [{size}, 1, 1] subgroup_size = {SUBGROUP}>"
    )


def lowering_configs(workload: Workload, schedule: Schedule) -> list[str]:
    """Text of each op's config, in the order of `workload.ops`; empty for those that IREE fuses."""
    return [
        _config(workload, schedule, op) if op else ""
        for op in gpu_lanes.sharing(workload, schedule)
    ]


def _config(workload: Workload, schedule: Schedule, op: Op) -> str:
    root = workload.root_op
    summed = set(root.dims("reduction"))
    steps = {dim: schedule.size("reduce", dim, 1) for dim in summed}
    threads = {dim: schedule.size("group", dim, 1) for dim in summed}
    lanes = [SUBGROUP if threads.get(dim, 1) > 1 else 1 for dim in op.loops]
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
    return f"#iree_gpu.lowering_config<{{{', '.join(sorted(parts))}}}>"
