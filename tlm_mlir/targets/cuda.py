# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: what a schedule decides there, and how IREE is told.

Most goes through the pipeline TileAndFuse of IREE's Codegen/LLVMGPU (Passes.cpp): loops are cut
into workgroups and these into threads; a contraction may have the tiles of its inputs promoted to
shared memory, and multiplied by tensor cores (`cuda_matrix.py`). Only the root op is configured;
IREE fuses the others. Attention (`cuda_attention.py`), and sums that threads share
(`cuda_lanes.py`), go through VectorDistribute.

IREE takes a workgroup size that does not fit the tiling, so it is worked out here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import ModuleType

from ..ir.workload import Workload
from ..iree.attributes import FEWEST_RESIDENT
from ..language.schedule import Schedule
from ..language.space import Choice, Mark, Pick, Space
from . import cuda_attention, cuda_igemm, cuda_lanes, cuda_matrix, gpu_lanes
from .cuda_matrix import SUBGROUP
from .gpu import (
    ACROSS,
    ATTENTION,
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
    twos,
)
from .target import GpuTarget

__all__ = [
    "decomposition_config",
    "kernel_attributes",
    "lowering_configs",
    "restructuring",
    "space",
    "translation_info",
]
WARP = twos(SUBGROUP)
"""How often two divides the threads of a warp."""
MAX_DEPTH = 64
"""Longest tile in shared memory along the dims that a contraction sums over."""


def space(workload: Workload, target: GpuTarget) -> Space:
    """The decisions for one dispatch on a CUDA device."""
    pipeline = yield Choice("pipeline", (DEFAULT, *_pipelines(workload, target)))
    if pipeline == DEFAULT:
        return
    if workload.root_op.kind == ATTENTION:
        yield from cuda_attention.space(workload, target, str(pipeline))
        return
    if pipeline == ACROSS:
        yield from gpu_lanes.space(workload, target, decides=True)
        return
    if pipeline == MATRIX:
        yield from _matrix(workload).space(workload, target)
        return
    root = workload.root_op
    extents = dict(enumerate(workload.extents))
    parallel = [d for d in reversed(root.dims("parallel")) if extents[d] > 1]
    reduction = [d for d in reversed(root.dims("reduction")) if extents[d] > 1]
    most = max(1, min(MAX_RESULTS, MAX_SPREAD // spread(workload)))
    if pipeline == PLAIN:
        yield Mark("@thread")
        threads = yield from cut("thread", parallel, extents, most)
        yield Mark("@group")
        rest = {dim: extents[dim] // size for dim, size in threads.items()}
        yield from cut("group", parallel, rest, _most_threads(workload, target, threads))
        if reduction:
            yield Mark("@reduce")
            most = MAX_BODY // math.prod(threads.values())
            yield from cut("reduce", reduction, extents, most)
        return
    # A quarter of the memory for the results leaves both inputs' tiles room for a step at least.
    results = target.shared // 4 // _widest(workload)
    yield Mark("@thread")
    most = min(most, results // SUBGROUP)
    threads = yield from _cut_leaving_warps(parallel, extents, most)
    yield Mark("@group")
    rest = {dim: extents[dim] // size for dim, size in threads.items()}
    most = min(target.threads, results // math.prod(threads.values()))
    groups = yield from _cut_into_warps(parallel, rest, most)
    yield Mark("@reduce")
    tile = {dim: size * groups[dim] for dim, size in threads.items()}
    room = target.shared - math.prod(tile.values()) * _widest(workload)
    most = min(MAX_DEPTH, room // _line_bytes(workload, tile))
    yield from cut("reduce", reduction, extents, most)


def _cut_leaving_warps(dims: list[int], extents: dict[int, int], most: int):  # type: ignore[no-untyped-def]
    """Picks a divisor of each extent, so that what is left can be shared by whole warps."""
    left = sum(twos(extents[dim]) for dim in dims)
    sizes = {}
    for dim in dims:
        left -= twos(extents[dim])
        some = (n for n in divisors(extents[dim], most) if left + twos(extents[dim] // n) >= WARP)
        sizes[dim] = yield Pick("thread", dim, tuple(some))
        left += twos(extents[dim] // sizes[dim])
        most //= sizes[dim]
    return sizes


def _cut_into_warps(dims: list[int], extents: dict[int, int], most: int):  # type: ignore[no-untyped-def]
    """Picks a divisor of each extent, their product whole warps and at most `most`."""
    left = sum(twos(extents[dim]) for dim in dims)
    missing, sizes = SUBGROUP, {}
    for dim in dims:
        left -= twos(extents[dim])
        after = {n: missing // math.gcd(missing, n) for n in divisors(extents[dim], most)}
        some = (n for n, lack in after.items() if twos(lack) <= left and n * lack <= most)
        sizes[dim] = yield Pick("group", dim, tuple(some))
        missing = after[sizes[dim]]
        most //= sizes[dim]
    return sizes


def _pipelines(workload: Workload, target: GpuTarget) -> Iterable[str]:
    """Ways to lower the workload."""
    if workload.root_op.kind == ATTENTION:
        yield from cuda_attention.pipelines(workload, target)
    if not served(workload):
        return
    if gpu_lanes.summed(workload, target) is not None:
        yield ACROSS
    if spread(workload) > MAX_SPREAD:
        return
    yield PLAIN
    if cuda_igemm.multiplied(workload, target):
        yield MATRIX
    found = contraction(workload)
    if not found or spread(workload) > 1:
        return
    extents = workload.extents
    rows, columns = (math.prod(extents[dim] for dim in dims) for dims in (found.m, found.n))
    # IREE fails on a promoted tile for part of a warp.
    powers = sum(twos(extents[dim]) for dim in workload.root_op.dims("parallel"))
    if min(rows, columns) > 1 and powers >= WARP:
        yield PROMOTE
    if cuda_matrix.multiplied(workload, target):
        yield MATRIX


def _matrix(workload: Workload) -> ModuleType:
    """What puts a workload on tensor cores."""
    return cuda_igemm if cuda_igemm.dims(workload) else cuda_matrix


def _most_threads(workload: Workload, target: GpuTarget, threads: dict[int, int]) -> int:
    """Threads that a workgroup may have, so that what its ops hand on fits shared memory."""
    if len(workload.ops) == 1:
        return target.threads
    handed = math.prod(threads.values()) * spread(workload) * _widest(workload)
    return max(1, min(target.threads, target.shared // handed))


def _widest(workload: Workload) -> int:
    """Bytes of the widest element that an op reads, four at least."""
    return max([4, *(element_bytes(op) for op in workload.ops)])


def _line_bytes(workload: Workload, tile: dict[int, int]) -> int:
    """Bytes in shared memory of both inputs' tiles for one step of the sum."""
    total = 0
    for operand in workload.root_op.inputs:
        dims = [index.dim for index in operand.indices if index.dim is not None]
        total += math.prod(tile.get(dim, 1) for dim in dims)
    return total * element_bytes(workload.root_op)


def translation_info(workload: Workload, schedule: Schedule) -> str:
    """Text of the function's `#iree_codegen.translation_info`."""
    if workload.root_op.kind == ATTENTION:
        return cuda_attention.translation_info(workload, schedule)
    if schedule.choice("pipeline") == ACROSS:
        return cuda_lanes.translation_info(workload, schedule)
    dims = workload.root_op.dims("parallel")
    count = math.prod(schedule.size("group", dim, 1) for dim in dims)
    options = ""
    if schedule.choice("pipeline") == MATRIX:
        count *= SUBGROUP
        igemm = _matrix(workload) is cuda_igemm
        options = f", {{{cuda_matrix.pipeline_options(schedule, igemm=igemm)}}}"
    # Whole subgroups: those without work are masked.
    size = -(-count // SUBGROUP) * SUBGROUP
    return (
        "#iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse>"
        f" workgroup_size = [{size}, 1, 1] subgroup_size = {SUBGROUP}{options}>"
    )


def kernel_attributes(schedule: Schedule) -> dict[str, str]:
    """Text of further attributes of the function, by name, for NVIDIA's assembler.

    Left to itself that spills some registers of every tenth promoted tile, so that more workgroups
    fit; told that one is enough, it takes the registers that the tile needs.
    """
    if schedule.choice("pipeline") == PROMOTE:
        return {FEWEST_RESIDENT: "1 : i32"}
    return {}


def lowering_configs(workload: Workload, schedule: Schedule) -> list[str]:
    """Text of each op's config, in the order of `workload.ops`; empty for what IREE fuses."""
    if schedule.choice("pipeline") == ACROSS:
        return cuda_lanes.lowering_configs(workload, schedule)
    return at_root(workload, _config(workload, schedule))


def decomposition_config(workload: Workload, schedule: Schedule) -> str:
    """Text of the root's config for what IREE takes it apart into; empty where it does not."""
    if workload.root_op.kind == ATTENTION:
        return cuda_attention.decomposition_config(workload, schedule)
    return ""


def _config(workload: Workload, schedule: Schedule) -> str:
    if workload.root_op.kind == ATTENTION:
        return cuda_attention.config(workload, schedule)
    if schedule.choice("pipeline") == MATRIX:
        return _matrix(workload).config(workload, schedule)
    group, thread, reduce = tiles(workload, schedule)
    parts = [f"workgroup = {group}", f"thread = {thread}"]
    if any(reduce):
        parts.append(f"reduction = {reduce}")
    if schedule.choice("pipeline") == PROMOTE:
        parts.append("promote_operands = [0, 1]")
    return f"#iree_gpu.lowering_config<{{{', '.join(sorted(parts))}}}>"
