# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: convolutions and poolings (ConvTileAndDecomposeExpert)."""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.analysis import panels, window
from ...ir.workload import Workload
from ...iree.attributes import Configured
from ...language.schedule import Schedule
from ...language.space import Choice, Step
from .pipeline import CpuPipeline, CpuTask, distribution, vectors
from .tile import PEEL, peeled_by_iree, peeling


class Conv(CpuPipeline):
    """A 2-D window is lowered to a 1-D one, and that vectorized."""

    token, number, name = "pipeline:conv", 2, "ConvTileAndDecomposeExpert"

    def applies(self, task: CpuTask) -> bool:
        """To static dispatches on tensors with a window, but not to packed weights."""
        workload = task.workload
        served = workload.static and not workload.buffers and bool(window(workload))
        return served and workload.root_op.kind != "attention" and panels(workload) is None

    def knobs(self, task: CpuTask) -> Step[None]:
        """Peeling, vectors, workgroups."""
        tiles = self.fixed(task.workload)
        yield Choice("peel", PEEL)
        yield from vectors(task, tiles)
        yield from distribution(task.workload, tiles)

    def fixed(self, workload: Workload) -> dict[int, int]:
        """The outer window dim and the output dim that it slides over are tiled by one."""
        return {dim: 1 for pair in window(workload)[:-1] for dim in pair}

    def options(self, schedule: Schedule) -> Sequence[str]:
        """Peeling."""
        return peeling(schedule)

    def chosen(self, configured: Configured) -> dict[str, str]:
        """Peeling."""
        return peeled_by_iree(configured)


CONV = Conv()
