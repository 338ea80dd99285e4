# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: any dispatch but an attention, its results in tiles of a thread's registers."""

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
    served,
    tiles,
)
from ..gpu.read_back import promotes, tiled
from .pipeline import fused, tile_and_fuse, widest


class Tile(GpuPipeline):
    """Tiles of threads, workgroups and steps of a sum."""

    token, number = "pipeline:vector", 1

    def applies(self, task: GpuTask) -> bool:
        """To static dispatches that leave a thread not too much to unroll."""
        return served(task.workload) and spread(task.workload) <= MAX_SPREAD

    def knobs(self, task: GpuTask) -> Step[None]:
        """Results of a thread, threads of a workgroup, points of a step."""
        workload = task.workload
        extents = dict(enumerate(workload.extents))
        parallel = innermost_first(workload, "parallel")
        reduction = innermost_first(workload, "reduction")
        yield Mark("@thread")
        most = max(1, min(MAX_RESULTS, MAX_SPREAD // spread(workload)))
        threads = yield from cut("thread", parallel, extents, most)
        yield Mark("@group")
        rest = {dim: extents[dim] // size for dim, size in threads.items()}
        yield from cut("group", parallel, rest, _most_threads(task, threads))
        if reduction:
            yield Mark("@reduce")
            yield from cut("reduce", reduction, extents, MAX_BODY // math.prod(threads.values()))

    def configure(self, task: GpuTask, schedule: Schedule) -> Configuration:
        """A config of the root op."""
        workload = task.workload
        info = tile_and_fuse(threads_of(task, schedule))
        config = attributes.gpu_config(levels(task, schedule))
        return Configuration({TRANSLATION: info}, at_root(workload, config))

    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """The decisions in tiles that are not promoted."""
        if not fused(configured) or promotes(configured):
            return None
        return tiled(task, configured, self.token)

    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """Every thread loads its operands."""
        return demand(task.workload, task.target, schedule)


def threads_of(task: GpuTask, schedule: Schedule) -> int:
    """Threads of a workgroup."""
    return math.prod(schedule.size("group", d, 1) for d in task.workload.root_op.dims("parallel"))


def levels(task: GpuTask, schedule: Schedule) -> list[str]:
    """Entries of the root's config: tiles of a workgroup, a thread, a step."""
    group, thread, reduce = tiles(task.workload, schedule)
    step = [f"reduction = {reduce}"] if any(reduce) else []
    return [*step, f"thread = {thread}", f"workgroup = {group}"]


def _most_threads(task: GpuTask, threads: dict[int, int]) -> int:
    """Threads that a workgroup may have, so that what its ops hand on fits shared memory."""
    workload, target = task.workload, task.target
    if len(workload.ops) == 1:
        return target.threads
    handed = math.prod(threads.values()) * spread(workload) * widest(workload)
    return max(1, min(target.threads, target.shared // handed))


TILE = Tile()
