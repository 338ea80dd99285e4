# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: tiling twice (DoubleTilingExpert), for all but convolutions, attentions and copies."""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.analysis import inner_dims, panels, strided_contraction, widest_element, window
from ...ir.workload import Workload
from ...iree.attributes import Configured
from ...language.schedule import Schedule
from ...language.space import Choice, Mark, Order, Size, Step
from .limits import results_bytes
from .pipeline import (
    INNER,
    LEVELS,
    CpuPipeline,
    CpuTask,
    OpLevels,
    distribution,
    large,
    vector_sizes,
    vectors,
)

PEEL = ("peel:no", "peel:yes")
CACHE = ("cache:no", "cache:yes")
ORDER = ("order:plain", "order:chosen")
PEELING = "enable_loop_peeling"
SLICE = "slice_strided"
"""The sequence of `passes/` that reads a strided operand through a slice, which IREE can vectorize
where it takes an operand of stride 2 apart into scalars."""


class Tile(CpuPipeline):
    """Workgroups, cache tiles and vectors. What a tile leaves over is peeled off, if wanted."""

    token, number, name = "pipeline:tile", 1, "DoubleTilingExpert"

    def applies(self, task: CpuTask) -> bool:
        """To static dispatches on tensors without a window, but not to packed weights."""
        workload = task.workload
        served = workload.static and not workload.buffers and not window(workload)
        return served and workload.root_op.kind != "attention" and panels(workload) is None

    def knobs(self, task: CpuTask) -> Step[None]:
        """Peeling, vectors, workgroups, cache tiles, the order of the loops."""
        workload = task.workload
        parallel = large(workload, workload.root_op.dims("parallel"))
        tiles: dict[int, int] = {}
        peeled = (yield Choice("peel", PEEL)) == PEEL[1]
        yield from vectors(task, tiles)
        inner = large(workload, inner_dims(workload))
        if inner:
            yield Mark("@inner")
            tiles = {dim: size for dim, size in tiles.items() if dim in parallel}
            yield from vector_sizes("inner", inner, task, tiles)
        outer = yield from distribution(workload, tiles)
        # Peeled, a cache loop that does not divide its tile leaves all of it on the stack.
        if not peeled or results_bytes(workload, outer) <= task.target.stack_bytes:
            yield from _cache(task, tiles, outer)
        if len(parallel) > 1 and (yield Choice("order", ORDER)) == ORDER[1]:
            yield Order("interchange", tuple(parallel))

    def before(self, workload: Workload) -> str:
        """A strided operand is read through a slice."""
        return SLICE if strided_contraction(workload) else ""

    def options(self, schedule: Schedule) -> Sequence[str]:
        """Peeling."""
        return peeling(schedule)

    def levels(self, op: OpLevels) -> dict[str, list[int]]:
        """The levels of all pipelines, cache tiles, and the loops that the root op has not."""
        found = op.distribution()
        if op.is_root and op.schedule.choice("cache") == CACHE[1]:
            found[LEVELS["cache"]] = op.sizes("cache", op.op.dims("parallel"), 0)
            found[LEVELS["cache_reduce"]] = op.sizes("cache_reduce", op.op.dims("reduction"), 0)
        found |= {**op.vector(), LEVELS["reduce"]: op.reduction()}
        if not op.is_root and op.foreign:
            found[INNER] = op.sizes("inner", op.foreign)
        return found

    def chosen(self, configured: Configured) -> dict[str, str]:
        """IREE's loops are in their order."""
        levels = (LEVELS["cache"], LEVELS["cache_reduce"])
        cached = any(any(op.sizes(level)) for op in configured.ops for level in levels)
        return {**peeled_by_iree(configured), "cache": CACHE[cached], "order": ORDER[0]}


def _cache(task: CpuTask, tiles: dict[int, int], outer: dict[int, int]) -> Step[None]:
    """Cache tiles between workgroup and vector tiles, and the reduction's where they are legal.

    A tiled reduction keeps its partial results beside the loop, in one vector and on the stack.
    """
    workload, target = task.workload, task.target
    if (yield Choice("cache", CACHE)) == CACHE[0]:
        return
    block = 1
    for dim, extent in outer.items():
        high = max(1, extent - 1)
        size = yield Size("cache", dim, min(tiles[dim], high), high, zero=True)
        block *= size or extent
    if block * widest_element(workload) * 4 > min(target.stack_bytes, target.max_vector_bytes):
        return
    for dim in large(workload, workload.root_op.dims("reduction")):
        low = min(tiles.get(dim, 1), workload.extents[dim] - 1)
        yield Size("cache_reduce", dim, low, workload.extents[dim] - 1, zero=True)


def peeling(schedule: Schedule) -> Sequence[str]:
    """The entry of the translation info for loops that are peeled."""
    return (PEELING,) if schedule.choice("peel") == PEEL[1] else ()


def peeled_by_iree(configured: Configured) -> dict[str, str]:
    """Whether IREE peels loops, as the knob says it."""
    return {"peel": PEEL[PEELING in configured.translation.options]}


TILE = Tile()
