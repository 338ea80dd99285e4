# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""vulkan-spirv: what its pipelines share.

They are those of IREE's Codegen/SPIRV (Passes.cpp). A schedule fixes the translation info with the
workgroup size, and the lowering config of the root op alone: IREE wants the same on all ops that
have one.

IREE checks none of the device's limits here, so the space keeps them: a workgroup's invocations and
shared memory, and what one invocation unrolls.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...iree import attributes
from ...language.schedule import Schedule
from ..gpu.pipeline import GpuTask
from ..gpu.pipeline import served as served_by_gpus

LINE = 4
"""Elements that one load moves, which is also SPIR-V's longest vector."""


def served(task: GpuTask) -> bool:
    """Whether there is something to share out, of types that are no trouble: IREE emulates bf16 and
    64-bit integers one at a time, and fails on vectors of them."""
    operands = [operand for op in task.workload.ops for operand in (*op.inputs, *op.outputs)]
    kinds = {operand.dtype for operand in operands}
    if "bf16" in kinds or ("i64" in kinds and "int64" not in task.target.features):
        return False
    return served_by_gpus(task.workload)


def translation_info(
    name: str, workgroup: Sequence[int], *, subgroup: int = 0, options: Sequence[str] = ()
) -> str:
    """Text for a pipeline of IREE's, with a workgroup's invocations along x, y and z: x those of
    the innermost loop."""
    sizes = [*workgroup, *(1 for _ in range(3 - len(workgroup)))]
    return attributes.translation_info(
        attributes.SPIRV, name, workgroup=sizes, subgroup=subgroup, options=options
    )


def invocations(schedule: Schedule, dims: Sequence[int]) -> list[int]:
    """Invocations of a workgroup along some dims, three at most."""
    return [schedule.size("group", dim, 1) for dim in dims[:3]]
