# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""vulkan-spirv: any dispatch but an attention, its results in tiles of an invocation's registers
(BaseVectorize)."""

from __future__ import annotations

import math

from ...ir.analysis import spread
from ...iree import attributes
from ...iree.attributes import TRANSLATION, Configured
from ...language.schedule import Schedule
from ...language.space import Mark, Step
from ..backend import Configuration
from ..gpu.estimate import demand
from ..gpu.machine import Demand
from ..gpu.pipeline import (
    MAX_BODY,
    MAX_RESULTS,
    MAX_SPREAD,
    GpuPipeline,
    GpuTask,
    at_root,
    cut,
    innermost_first,
    tiles,
)
from ..gpu.read_back import tiled
from .pipeline import LINE, invocations, served, translation_info

NAME, SCALAR_NAME = "BaseVectorize", "BaseDistribute"


class Tile(GpuPipeline):
    """Tiles of invocations, workgroups and steps of a sum."""

    token, number = "pipeline:vector", 1

    def applies(self, task: GpuTask) -> bool:
        """To static dispatches that leave an invocation not too much to unroll."""
        return served(task) and spread(task.workload) <= MAX_SPREAD

    def knobs(self, task: GpuTask) -> Step[None]:
        """Results of an invocation, invocations of a workgroup, points of a step."""
        workload, target = task.workload, task.target
        parallel = innermost_first(workload, "parallel")
        reduction = innermost_first(workload, "reduction")
        extents = dict(enumerate(workload.extents))
        # A single line of results has no second dim to be taken apart along, and those that an op
        # with more dims takes up are one line.
        single = len(parallel) == 1 or spread(workload) > 1
        most = min(LINE if single else MAX_RESULTS, MAX_SPREAD // spread(workload))
        yield Mark("@thread")
        threads = yield from cut("thread", parallel, extents, most)
        yield Mark("@group")
        rest = {dim: extents[dim] // size for dim, size in threads.items()}
        # IREE spreads the innermost three loops over a workgroup's invocations.
        yield from cut("group", parallel[:3], rest, target.threads, target.group)
        if reduction:
            yield Mark("@reduce")
            yield from cut("reduce", reduction, extents, MAX_BODY // math.prod(threads.values()))

    def configure(self, task: GpuTask, schedule: Schedule) -> Configuration:
        """Levels of the root op: workgroup, invocation, step."""
        group, thread, reduce = tiles(task.workload, schedule)
        levels = [group, thread, *([reduce] if any(reduce) else [])]
        dims = innermost_first(task.workload, "parallel")
        info = translation_info(NAME, invocations(schedule, dims))
        return Configuration(
            {TRANSLATION: info}, at_root(task.workload, attributes.spirv_config(levels))
        )

    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """The decisions in its tiles."""
        if configured.translation.pipeline != NAME:
            return None
        return tiled(task, configured, self.token)

    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """Every invocation loads its operands."""
        return demand(task.workload, task.target, schedule)


class Scalar(Tile):
    """One of IREE's own choices alone (BaseDistribute): every element is loaded by itself."""

    token, number = "pipeline:distribute", 0

    def applies(self, task: GpuTask) -> bool:
        """To nothing: it is what others are compared with."""
        return False

    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """The decisions in its tiles."""
        if configured.translation.pipeline != SCALAR_NAME:
            return None
        return tiled(task, configured, self.token)

    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """Every invocation loads its operands, element by element."""
        return demand(task.workload, task.target, schedule, scalar=True)


TILE, SCALAR = Tile(), Scalar()
