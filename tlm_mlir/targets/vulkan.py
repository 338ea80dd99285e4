# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""vulkan-spirv: what a schedule decides there, and how IREE is told.

The pipelines and their tiling levels are those of IREE's Codegen/SPIRV (KernelConfig.cpp,
Passes.cpp). A schedule fixes the translation info of the dispatch function, with its workgroup
size, and the lowering config of the root op alone: IREE wants the same on all ops that have one.

IREE checks none of the device's limits here, so the space keeps them: a workgroup's invocations and
shared memory, and what one invocation unrolls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..ir.workload import Op, Workload
from ..language.schedule import Schedule
from ..language.space import Choice, Mark, Pick, Space
from . import gpu_lanes, vulkan_matrix
from .gpu import (
    ACROSS,
    DEFAULT,
    MATRIX,
    MAX_BODY,
    MAX_RESULTS,
    MAX_SPREAD,
    PLAIN,
    PROMOTE,
    at_root,
    contraction,
    cut,
    divisors,
    element_bytes,
    restructuring,
    served,
    spread,
    tiles,
)
from .target import GpuTarget
from .vulkan_matrix import DEPTHS, STAGES

__all__ = ["lowering_configs", "restructuring", "space", "translation_info"]
PIPELINES = {
    PLAIN: "BaseVectorize",
    PROMOTE: "MatmulPromoteVectorize",
    MATRIX: "CooperativeMatrixVectorize",
    ACROSS: "SubgroupReduce",
}
LINE = 4
"""Elements that one load moves, which is also SPIR-V's longest vector."""
MAX_DEPTH = 64
"""Longest tile in shared memory along the dim that a matmul sums over."""
PAD_BYTES = 16
"""What IREE pads rows in shared memory with, against bank conflicts."""


def space(workload: Workload, target: GpuTarget) -> Space:
    """The decisions for one dispatch on a Vulkan device."""
    pipeline = yield Choice("pipeline", (DEFAULT, *_pipelines(workload, target)))
    if pipeline == PLAIN:
        yield from _vector(workload, target)
    elif pipeline == PROMOTE:
        yield from _promote(workload, target)
    elif pipeline == MATRIX:
        yield from vulkan_matrix.space(workload, target)
    elif pipeline == ACROSS:
        yield from gpu_lanes.space(workload, target, decides=False)


def _pipelines(workload: Workload, target: GpuTarget) -> Iterable[str]:
    """Pipelines that can lower the workload."""
    if not served(workload):
        return
    operands = [operand for op in workload.ops for operand in (*op.inputs, *op.outputs)]
    kinds = {operand.dtype for operand in operands}
    # IREE emulates both one at a time, and fails on vectors of them.
    if "bf16" in kinds or ("i64" in kinds and "int64" not in target.features):
        return
    if gpu_lanes.summed(workload, target) is not None and not _strided(workload):
        yield ACROSS
    if spread(workload) > MAX_SPREAD:
        return
    yield PLAIN
    if _promoted(workload):
        yield PROMOTE
    if vulkan_matrix.multiplied(workload, target):
        yield MATRIX


def _strided(workload: Workload) -> bool:
    """Whether the root op skips elements of an input, which IREE fails to share out."""
    indices = (index for operand in workload.root_op.inputs for index in operand.indices)
    return any(factor != 1 for index in indices for _, factor in index.terms)


def _promoted(workload: Workload) -> tuple[int, int, int] | None:
    """(rows, columns, depth) dims of a matmul whose tiles can be put in shared memory, else None.

    It may be batched. Columns are the innermost loop: elements travel along them by lines, and IREE
    maps no workgroup that is one invocation wide.
    """
    found = contraction(workload)
    if found is None or any(len(dims) != 1 for dims in (found.m, found.n, found.k)):
        return None
    (depth,) = found.k
    rows, columns = sorted((*found.m, *found.n), key=workload.root_op.loops.index)
    if any(workload.root_op.loops.index(dim) > workload.root_op.loops.index(rows)
           for dim in found.batch):
        return None
    m, n, k = (workload.extents[dim] for dim in (rows, columns, depth))
    return (rows, columns, depth) if m > 1 and n % (2 * LINE) == 0 and k % LINE == 0 else None


def _vector(workload: Workload, target: GpuTarget):  # type: ignore[no-untyped-def]
    """Tiles of an invocation and of a workgroup; each reduction in pieces."""
    root = workload.root_op
    parallel = [d for d in reversed(root.dims("parallel")) if workload.extents[d] > 1]
    reduction = [d for d in reversed(root.dims("reduction")) if workload.extents[d] > 1]
    extents = dict(enumerate(workload.extents))
    # A single line of results has no second dim to be taken apart along, and those that an op with
    # more dims takes up are one line.
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


def _promote(workload: Workload, target: GpuTarget):  # type: ignore[no-untyped-def]
    """Tiles of both inputs in shared memory, several of each where loads run ahead."""
    dims = _promoted(workload)
    assert dims is not None
    rows, columns, depth = dims
    m, n, k = (workload.extents[dim] for dim in dims)
    stage = yield Choice("stage", STAGES)
    ahead = yield Choice("depth", DEPTHS)
    copies = DEPTHS.index(str(ahead)) + 1 + (stage == STAGES[0])
    each = element_bytes(workload.root_op)
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


def translation_info(workload: Workload, schedule: Schedule) -> str:
    """Text of the function's `#iree_codegen.translation_info`."""
    name = PIPELINES[schedule.choice("pipeline")]
    options = subgroup = ""
    if schedule.choice("pipeline") == MATRIX:
        subgroup = f" subgroup_size = {vulkan_matrix.SUBGROUP}"
    if depth := schedule.choice("depth").partition(":")[2]:
        stage = schedule.choice("stage").partition(":")[2]
        options = f", {{pipeline_depth = {depth} : i64, store_stage = {stage} : i64}}"
    return (
        f"#iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<{name}>"
        f" workgroup_size = {_invocations(workload, schedule)}{subgroup}{options}>"
    )


def _invocations(workload: Workload, schedule: Schedule) -> list[int]:
    """Invocations of a workgroup along x, y and z: x those of the innermost loop."""
    if schedule.choice("pipeline") == MATRIX:
        return vulkan_matrix.invocations(workload, schedule)
    if schedule.choice("pipeline") == ACROSS:
        return [gpu_lanes.invocations(workload, schedule), 1, 1]
    dims = [d for d in reversed(workload.root_op.dims("parallel")) if workload.extents[d] > 1]
    if schedule.choice("pipeline") == PROMOTE:
        promoted = _promoted(workload)
        assert promoted is not None
        dims = [promoted[1], promoted[0]]
    sizes = [schedule.size("group", dim, 1) for dim in dims[:3]]
    return [*sizes, *(1 for _ in range(3 - len(sizes)))]


def lowering_configs(workload: Workload, schedule: Schedule) -> list[str]:
    """Text of each op's config, in the order of `workload.ops`; empty for what IREE fuses."""
    if schedule.choice("pipeline") == ACROSS:
        return [
            _shared(workload, schedule, op) if op else ""
            for op in gpu_lanes.sharing(workload, schedule)
        ]
    return at_root(workload, _config(workload, schedule))


def _shared(workload: Workload, schedule: Schedule, op: Op) -> str:
    """Levels of an op whose sums invocations share: a row of the root's, and a step."""
    summed = workload.root_op.dims("reduction")
    parallel = [1 for _ in workload.root_op.dims("parallel")] if op is workload.root_op else []
    step = [schedule.size("reduce", dim, 1) if dim in summed else 0 for dim in op.loops]
    return f"#iree_codegen.lowering_config<tile_sizes = {[parallel, step]}>"


def _config(workload: Workload, schedule: Schedule) -> str:
    """Levels: workgroup, invocation, reduction; a promoted matmul has the first with all dims."""
    if schedule.choice("pipeline") == MATRIX:
        return vulkan_matrix.config(workload, schedule)
    group, thread, reduce = tiles(workload, schedule)
    if schedule.choice("pipeline") == PROMOTE:
        levels = [[size or depth for size, depth in zip(group, reduce, strict=True)]]
    else:
        levels = [group, thread, *([reduce] if any(reduce) else [])]
    return f"#iree_codegen.lowering_config<tile_sizes = {levels}>"
