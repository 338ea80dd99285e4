# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: contractions whose inputs' tiles are in shared memory."""

from __future__ import annotations

import math

from ...ir.analysis import contraction, spread, widest_input
from ...ir.workload import Workload
from ...iree import attributes
from ...iree.attributes import FEWEST_RESIDENT, TRANSLATION, Configured
from ...language.schedule import Schedule
from ...language.space import Mark, Pick, Step
from ..backend import Configuration
from ..gpu.estimate import demand
from ..gpu.machine import Demand
from ..gpu.pipeline import (
    MAX_RESULTS,
    GpuPipeline,
    GpuTask,
    at_root,
    cut,
    divisors,
    innermost_first,
    served,
    twos,
)
from ..gpu.read_back import promotes, tiled
from .pipeline import WARP, fused, tile_and_fuse, widest
from .tile import levels, threads_of

TWOS = twos(WARP)
"""How often two divides the threads of a warp."""
MAX_DEPTH = 64
"""Longest tile in shared memory along the dims that a contraction sums over."""


class Promote(GpuPipeline):
    """Tiles of threads whose workgroup copies both inputs' tiles to shared memory."""

    token, number = "pipeline:promote", 2

    def applies(self, task: GpuTask) -> bool:
        """To contractions of several rows and columns, enough for whole warps."""
        workload = task.workload
        found = contraction(workload)
        if not served(workload) or not found or spread(workload) > 1:
            return False
        extents = workload.extents
        rows, columns = (math.prod(extents[dim] for dim in dims) for dims in (found.m, found.n))
        # IREE fails on a promoted tile for part of a warp.
        powers = sum(twos(extents[dim]) for dim in workload.root_op.dims("parallel"))
        return min(rows, columns) > 1 and powers >= TWOS

    def knobs(self, task: GpuTask) -> Step[None]:
        """Results of a thread, threads of a workgroup in whole warps, how deep a step is."""
        workload, target = task.workload, task.target
        extents = dict(enumerate(workload.extents))
        parallel = innermost_first(workload, "parallel")
        # A quarter of the memory for the results leaves both inputs' tiles room for a step at
        # least.
        results = target.shared // 4 // widest(workload)
        yield Mark("@thread")
        threads = yield from _leaving_warps(parallel, extents, min(MAX_RESULTS, results // WARP))
        yield Mark("@group")
        rest = {dim: extents[dim] // size for dim, size in threads.items()}
        most = min(target.threads, results // math.prod(threads.values()))
        groups = yield from _into_warps(parallel, rest, most)
        yield Mark("@reduce")
        tile = {dim: size * groups[dim] for dim, size in threads.items()}
        room = target.shared - math.prod(tile.values()) * widest(workload)
        most = min(MAX_DEPTH, room // _line_bytes(workload, tile))
        yield from cut("reduce", innermost_first(workload, "reduction"), extents, most)

    def configure(self, task: GpuTask, schedule: Schedule) -> Configuration:
        """A config of the root op, and word for NVIDIA's assembler.

        Left to itself that spills some registers of every tenth promoted tile, so that more
        workgroups fit; told that one is enough, it takes the registers that the tile needs.
        """
        function = {
            TRANSLATION: tile_and_fuse(threads_of(task, schedule)),
            FEWEST_RESIDENT: "1 : i32",
        }
        config = attributes.gpu_config([attributes.promoted(0, 1), *levels(task, schedule)])
        return Configuration(function, at_root(task.workload, config))

    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """The decisions in promoted tiles."""
        if not fused(configured) or not promotes(configured):
            return None
        return tiled(task, configured, self.token, promoted=True)

    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """Every workgroup loads both inputs' tiles, once a step."""
        return demand(task.workload, task.target, schedule, promoted=True)


def _leaving_warps(dims: list[int], extents: dict[int, int], most: int) -> Step[dict[int, int]]:
    """Picks a divisor of each extent, so that what is left can be shared by whole warps."""
    left = sum(twos(extents[dim]) for dim in dims)
    sizes: dict[int, int] = {}
    for dim in dims:
        left -= twos(extents[dim])
        some = (n for n in divisors(extents[dim], most) if left + twos(extents[dim] // n) >= TWOS)
        sizes[dim] = yield Pick("thread", dim, tuple(some))
        left += twos(extents[dim] // sizes[dim])
        most //= sizes[dim]
    return sizes


def _into_warps(dims: list[int], extents: dict[int, int], most: int) -> Step[dict[int, int]]:
    """Picks a divisor of each extent, their product whole warps and at most `most`."""
    left = sum(twos(extents[dim]) for dim in dims)
    missing, sizes = WARP, {}
    for dim in dims:
        left -= twos(extents[dim])
        after = {n: missing // math.gcd(missing, n) for n in divisors(extents[dim], most)}
        some = (n for n, lack in after.items() if twos(lack) <= left and n * lack <= most)
        sizes[dim] = yield Pick("group", dim, tuple(some))
        missing = after[sizes[dim]]
        most //= sizes[dim]
    return sizes


def _line_bytes(workload: Workload, tile: dict[int, int]) -> int:
    """Bytes in shared memory of both inputs' tiles for one step of the sum."""
    total = 0
    for operand in workload.root_op.inputs:
        dims = [index.dim for index in operand.indices if index.dim is not None]
        total += math.prod(tile.get(dim, 1) for dim in dims)
    return total * widest_input(workload.root_op)


PROMOTE = Promote()
