# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""vulkan-spirv: matmuls whose inputs' tiles are in shared memory (MatmulPromoteVectorize)."""

from __future__ import annotations

from ...ir.analysis import contraction, once, spread, widest_input
from ...ir.workload import Workload
from ...iree import attributes
from ...iree.attributes import TRANSLATION, Configured
from ...language.schedule import Schedule
from ...language.space import Choice, Mark, Pick, Step
from ..backend import Configuration
from ..gpu.estimate import demand
from ..gpu.machine import Demand
from ..gpu.pipeline import (
    MAX_RESULTS,
    MAX_SPREAD,
    GpuPipeline,
    GpuTask,
    at_root,
    divisors,
    tiles,
)
from ..gpu.read_back import tiled
from .pipeline import LINE, invocations, served, translation_info
from .stages import DEPTHS, STAGES, pipeline_options

NAME = "MatmulPromoteVectorize"
MAX_DEPTH = 64
"""Longest tile in shared memory along the dim that a matmul sums over."""
PAD_BYTES = 16
"""What IREE pads rows in shared memory with, against bank conflicts."""


class Promote(GpuPipeline):
    """Tiles of both inputs in shared memory, several of each where loads run ahead."""

    token, number = "pipeline:promote", 2

    def applies(self, task: GpuTask) -> bool:
        """To matmuls, batched or not, of whole lines."""
        workload = task.workload
        return served(task) and spread(workload) <= MAX_SPREAD and promoted(workload) is not None

    def knobs(self, task: GpuTask) -> Step[None]:
        """Stages, results of an invocation, invocations of a workgroup, how deep a step is."""
        workload, target = task.workload, task.target
        dims = promoted(workload)
        assert dims is not None
        rows, columns, depth = dims
        m, n, k = (workload.extents[dim] for dim in dims)
        stage = yield Choice("stage", STAGES)
        ahead = yield Choice("depth", DEPTHS)
        copies = DEPTHS.index(str(ahead)) + 1 + (stage == STAGES[0])
        each = widest_input(workload.root_op)
        pad, room = PAD_BYTES // each, target.shared // each // copies
        # Rows and columns together, when the tiles are one line deep.
        edges = (room - pad * LINE) // (LINE + pad)
        yield Mark("@thread")
        widest = min(MAX_RESULTS, n // 2)
        # At least two invocations along the columns, and room for a row beside them.
        beside = min(target.threads, target.group[0])
        fits = {
            w: divisors(n // w, min(beside, (edges - 1) // w), low=2)
            for w in divisors(n, widest, unit=LINE)
        }
        wide = yield Pick("thread", columns, tuple(w for w, some in fits.items() if some))
        most = min(MAX_RESULTS // wide, edges - wide * fits[wide][0])
        high = yield Pick("thread", rows, divisors(m, most))
        yield Mark("@group")
        most = min(beside, (edges - high) // wide)
        x = yield Pick("group", columns, divisors(n // wide, most, low=2))
        most = min(target.threads // x, target.group[1], (edges - x * wide) // high)
        y = yield Pick("group", rows, divisors(m // high, most))
        yield Mark("@reduce")
        both = x * wide + y * high
        most = min(MAX_DEPTH, (room - pad * both) // (both + pad))
        yield Pick("reduce", depth, divisors(k, most, unit=LINE))

    def configure(self, task: GpuTask, schedule: Schedule) -> Configuration:
        """One level of the root op, with all dims."""
        dims = promoted(task.workload)
        assert dims is not None
        rows, columns, _ = dims
        group, _, reduce = tiles(task.workload, schedule)
        level = [size or depth for size, depth in zip(group, reduce, strict=True)]
        info = translation_info(
            NAME, invocations(schedule, (columns, rows)), options=pipeline_options(schedule)
        )
        config = attributes.spirv_config([level])
        return Configuration({TRANSLATION: info}, at_root(task.workload, config))

    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """The decisions in its tiles."""
        if configured.translation.pipeline != NAME:
            return None
        return tiled(task, configured, self.token, promoted=True)

    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """Every workgroup loads both inputs' tiles, once a step."""
        return demand(task.workload, task.target, schedule, promoted=True)


@once
def promoted(workload: Workload) -> tuple[int, int, int] | None:
    """(rows, columns, depth) dims of a matmul whose tiles can be put in shared memory, else None.

    It may be batched. Columns are the innermost loop: elements travel along them by lines, and IREE
    maps no workgroup that is one invocation wide.
    """
    found = contraction(workload)
    if found is None or any(len(dims) != 1 for dims in (found.m, found.n, found.k)):
        return None
    (depth,) = found.k
    place = workload.root_op.loops.index
    rows, columns = sorted((*found.m, *found.n), key=place)
    if any(place(dim) > place(rows) for dim in found.batch):
        return None
    m, n, k = (workload.extents[dim] for dim in (rows, columns, depth))
    return (rows, columns, depth) if m > 1 and n % (2 * LINE) == 0 and k % LINE == 0 else None


PROMOTE = Promote()
