# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: copies between buffers (BufferOpsTileAndVectorize)."""

from __future__ import annotations

from ...language.space import Step
from .pipeline import CpuPipeline, CpuTask, OpLevels, distribution, vectors


class Copy(CpuPipeline):
    """Nothing is summed, so there is no level for it."""

    token, number, name = "pipeline:copy", 4, "BufferOpsTileAndVectorize"

    def applies(self, task: CpuTask) -> bool:
        """To static dispatches on buffers."""
        return task.workload.static and task.workload.buffers

    def knobs(self, task: CpuTask) -> Step[None]:
        """Vectors, workgroups."""
        tiles: dict[int, int] = {}
        yield from vectors(task, tiles, reduces=False)
        yield from distribution(task.workload, tiles)

    def levels(self, op: OpLevels) -> dict[str, list[int]]:
        """Workgroups and vectors."""
        return {**op.distribution(), **op.vector()}


COPY = Copy()
