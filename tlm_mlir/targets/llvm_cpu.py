# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: what a schedule decides there, and how IREE is told.

The pipelines and their tiling levels are those of IREE's Codegen/LLVMCPU (KernelDispatch.cpp,
Passes.cpp). A schedule fixes the translation info of the dispatch function and a lowering config
for every structured op in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..ir.workload import Index, Op, Workload
from ..language.schedule import Schedule
from ..language.space import Choice, Mark, Order, Size, Space
from .target import CpuTarget

DEFAULT = "pipeline:default"
TILE, CONV, EXT, COPY = "pipeline:tile", "pipeline:conv", "pipeline:ext", "pipeline:copy"
PIPELINES = {
    TILE: "DoubleTilingExpert",
    CONV: "ConvTileAndDecomposeExpert",
    EXT: "LinalgExtTileAndVectorize",
    COPY: "BufferOpsTileAndVectorize",
}
PEEL = ("peel:no", "peel:yes")
CACHE = ("cache:no", "cache:yes")
ORDER = ("order:plain", "order:chosen")
MAX_UNROLLED_REGISTERS = 96
"""Longest vector body, in SIMD registers. IREE verifies four times that, but LLVM takes minutes for
it, and none that was measured ran faster. Of bodies of up to 128, as long as IREE's own for
matmuls, one in 165 exceeded the stack."""
MAX_RESULT_REGISTERS = 32
"""The same for the result of a body: the register file of AVX-512."""
MAX_GATHERED_REGISTERS = 16
"""The same where each element is gathered by a scalar load."""
MAX_ATTENTION_REGISTERS = 512
"""The same for either contraction of an attention, whose head dim is never tiled."""
MAX_HEAD = 128
"""Longest head dim of an attention that IREE's default does not tile."""
MAX_WORKGROUPS = 4096
"""Most workgroups of a dispatch: above this their launch costs more than a core's work."""
SLICE = "slice_strided"
"""The sequence of `passes/` that reads a strided operand through a slice, which IREE can vectorize
where it takes an operand of stride 2 apart into scalars."""
ENTRY = ("insert_batch_dim",)
"""Sequences of `passes/` that rewrite every function: what IREE itself does, but after it has
configured the function, so that a configuration for the loops before would not fit."""


def space(workload: Workload, target: CpuTarget) -> Space:
    """The decisions for one dispatch on a CPU."""
    default = (DEFAULT,) if default_is_right(workload) else ()
    pipeline = yield Choice("pipeline", (*default, *_pipelines(workload)))
    if pipeline == DEFAULT:
        return
    root = workload.root_op
    parallel = [d for d in root.dims("parallel") if workload.extents[d] > 1]
    reduction = [d for d in root.dims("reduction") if workload.extents[d] > 1]
    tiles = fixed_sizes(workload, str(pipeline))
    peeled = False
    if pipeline in (TILE, CONV):
        peeled = (yield Choice("peel", PEEL)) == PEEL[1]
    yield Mark("@vector")
    for dim in reversed(parallel):
        yield from _vector_size("vector", dim, workload, target, tiles)
    if reduction and pipeline != COPY:
        yield Mark("@reduce")
        for dim in reversed(reduction):
            yield from _vector_size("reduce", dim, workload, target, tiles)
    inner = [d for d in inner_dims(workload) if workload.extents[d] > 1]
    if inner and pipeline == TILE:
        yield Mark("@inner")
        tiles = {dim: size for dim, size in tiles.items() if dim in parallel}
        for dim in reversed(inner):
            yield from _vector_size("inner", dim, workload, target, tiles)
    outer = yield from _distribution(workload, parallel, tiles)
    if pipeline == TILE:
        # Peeled, a cache loop that does not divide its tile leaves all of it on the stack.
        if not peeled or _results_bytes(workload, outer) <= target.stack_bytes:
            yield from _cache(workload, target, tiles, outer)
        if len(parallel) > 1 and (yield Choice("order", ORDER)) == ORDER[1]:
            yield Order("interchange", tuple(parallel))


def _distribution(workload: Workload, parallel: list[int], tiles: dict[int, int]):  # type: ignore[no-untyped-def]
    """Workgroup tiles, no smaller than the vector tiles; returns them, whole extents included."""
    yield Mark("@distribute")
    groups = MAX_WORKGROUPS
    outer = {}
    for dim in parallel:
        extent = workload.extents[dim]
        low = max(tiles[dim], -(-extent // groups))
        size = yield Size("distribute", dim, min(low, extent - 1), extent - 1, zero=True)
        outer[dim] = size or extent
        # Where the limit is met, later dims may still be cut in two.
        groups = max(1, groups // -(-extent // outer[dim]))
    return outer


def _results_bytes(workload: Workload, outer: dict[int, int]) -> int:
    """Bytes of the largest result that one op of a workgroup has."""
    points = (
        math.prod(outer.get(dim, workload.extents[dim]) for dim in op.dims("parallel"))
        for op in workload.ops
    )
    return max(points) * element_bytes(workload)


def _cache(workload: Workload, target: CpuTarget, tiles: dict[int, int], outer: dict[int, int]):  # type: ignore[no-untyped-def]
    """Cache tiles between workgroup and vector tiles, and the reduction's where they are legal.

    A tiled reduction keeps its partial results beside the loop, in one vector and on the stack.
    """
    if (yield Choice("cache", CACHE)) == CACHE[0]:
        return
    block = 1
    for dim, extent in outer.items():
        high = max(1, extent - 1)
        size = yield Size("cache", dim, min(tiles[dim], high), high, zero=True)
        block *= size or extent
    if block * element_bytes(workload) * 4 > min(target.stack_bytes, target.max_vector_bytes):
        return
    for dim in workload.root_op.dims("reduction"):
        if workload.extents[dim] > 1:
            low = min(tiles.get(dim, 1), workload.extents[dim] - 1)
            yield Size("cache_reduce", dim, low, workload.extents[dim] - 1, zero=True)


def _vector_size(name: str, dim: int, workload: Workload, target: CpuTarget, tiles: dict[int, int]):  # type: ignore[no-untyped-def]
    """A vector size within what is left of the budget of every op that spans the dim."""
    if dim in tiles:
        return
    lanes = target.vector_bytes // element_bytes(workload)
    largest = target.max_vector_bytes // element_bytes(workload)
    bound = workload.extents[dim]
    for op in workload.ops:
        for loops in _bodies(op):
            if dim in loops:
                bound = min(bound, _room(op, loops, dim, tiles, lanes))
                others = math.prod(tiles.get(d, 1) for d in loops if d != dim)
                bound = min(bound, max(1, (largest - 1) // others))
        for loops in _scattered(op):
            if dim in loops:
                bound = min(bound, _left(MAX_GATHERED_REGISTERS, loops, dim, tiles, lanes, False))
    tiles[dim] = yield Size(name, dim, 1, bound)


def _bodies(op: Op) -> list[tuple[int, ...]]:
    """Loops of each vector body that an op becomes, the one in SIMD lanes last where that is fixed.

    An attention is two contractions: query with key, in lanes along the keys (K2), and their
    product with the values, in lanes along the values' columns (N).
    """
    if op.kind != "attention":
        return [op.loops]
    key, value = ({index.dim for index in op.inputs[i].indices} for i in (1, 2))
    scores = tuple(dim for dim in op.loops if dim not in value - key)
    rest = tuple(dim for dim in op.loops if dim not in value)
    inner = tuple(dim for dim in op.loops if dim in key and dim in value)
    columns = tuple(dim for dim in op.loops if dim in value - key)
    outer = tuple(dim for dim in rest if dim not in key)
    return [scores, (*outer, *inner, *columns)]


def _room(op: Op, loops: tuple[int, ...], dim: int, tiles: dict[int, int], lanes: int) -> int:
    """The largest size of `dim` that keeps a body and its result within their registers."""
    fixed = op.kind == "attention"
    total = MAX_GATHERED_REGISTERS if gathers(op) else MAX_UNROLLED_REGISTERS
    total = MAX_ATTENTION_REGISTERS if fixed else total
    room = _left(total, loops, dim, tiles, lanes, fixed)
    results = tuple(d for d in loops if d in op.dims("parallel"))
    if dim in results:
        limit = min(total, MAX_RESULT_REGISTERS)
        room = min(room, _left(limit, results, dim, tiles, lanes, fixed))
    return room


def _left(
    registers: int,
    loops: tuple[int, ...],
    dim: int,
    tiles: dict[int, int],
    lanes: int,
    fixed: bool,
) -> int:
    """What `registers` leave for a dim. One size fills lanes, whole registers of them; the others
    count registers. The last loop is in lanes if that is `fixed`, else the last one above 1."""
    sizes = {d: tiles.get(d, 1) for d in loops if d != dim}
    large = [d for d in reversed(loops) if sizes.get(d, 1) > 1]
    lane = loops[-1] if fixed else (large[0] if large else dim)
    used = math.prod(-(-size // lanes) if d == lane else size for d, size in sizes.items())
    return max(1, registers // used * (lanes if lane == dim else 1))


def gathers(op: Op) -> bool:
    """Whether an op reads at computed places, which LLVM unrolls into scalar loads."""
    return any(line.startswith("extract") for line in op.body)


def _scattered(op: Op) -> list[tuple[int, ...]]:
    """Loops of each operand whose elements in a row lie apart: they too are loaded one by one."""
    return [
        tuple(dim for index in operand.indices for dim, _ in index.terms)
        for operand in op.inputs
        if operand.indices and _strided(operand.indices[-1])
    ]


def _strided(index: Index) -> bool:
    return len(index.terms) == 1 and index.terms[0][1] > 1 and not index.opaque


def default_is_right(workload: Workload) -> bool:
    """Whether IREE's default gives right values, so that it may be chosen.

    IREE 3.13 tiles the head dim of an attention where it exceeds 128 (KernelDispatch.cpp, since
    iree-org/iree#23304), and so takes the softmax of partial sums.
    """
    head = math.prod(workload.extents[dim] for dim in _head_dims(workload))
    return not MAX_HEAD < head <= MAX_ATTENTION_REGISTERS


def _head_dims(workload: Workload) -> list[int]:
    """The head dims (K1) of an attention: what query and key share and are summed over."""
    root = workload.root_op
    if root.kind != "attention":
        return []
    shared = {i.dim for i in root.inputs[0].indices} & {i.dim for i in root.inputs[1].indices}
    return [dim for dim in root.dims("reduction") if dim in shared]


def _pipelines(workload: Workload) -> Iterable[str]:
    """Pipelines that can lower the workload."""
    root = workload.root_op
    if not workload.static:
        return
    if workload.buffers:
        yield COPY
        return
    if root.kind == "attention":
        # The head dim stays whole, so a longer one leaves LLVM too much to unroll.
        if math.prod(workload.extents[d] for d in _head_dims(workload)) <= MAX_ATTENTION_REGISTERS:
            yield EXT
        return
    if window(workload):
        yield CONV
        return
    yield TILE


def window(workload: Workload) -> list[tuple[int, int]]:
    """(output dim, window dim) pairs of a convolution or pooling root, innermost last.

    A pair shows as an input index `stride * output + dilation * window`.
    """
    root = workload.root_op
    reductions = set(root.dims("reduction"))
    pairs = []
    for operand in root.inputs:
        for index in operand.indices:
            if len(index.terms) == 2 and not index.opaque:
                dims = [d for d, _ in index.terms]
                outer = [d for d in dims if d not in reductions]
                inner = [d for d in dims if d in reductions]
                if len(outer) == len(inner) == 1:
                    pairs.append((outer[0], inner[0]))
    return pairs


def fixed_sizes(workload: Workload, pipeline: str) -> dict[int, int]:
    """Vector sizes that the pipeline leaves no choice about.

    ConvTileAndDecomposeExpert lowers a 2-D window to a 1-D one, so the outer window dim and the
    output dim it slides over are tiled by one. Attention keeps its head dim (K1) whole.
    """
    if pipeline == CONV:
        pairs = window(workload)
        return {dim: 1 for pair in pairs[:-1] for dim in pair}
    if pipeline == EXT:
        return {dim: workload.extents[dim] for dim in _head_dims(workload)}
    return {}


def inner_dims(workload: Workload) -> list[int]:
    """Dims that the root op has not, or reduces over while another op spans them in parallel."""
    root = workload.root_op
    found = []
    for op in workload.ops:
        for dim, kind in zip(op.loops, op.iterators, strict=True):
            foreign = dim not in root.loops
            spread = dim in root.dims("reduction") and kind == "parallel"
            if (foreign or spread) and dim not in found:
                found.append(dim)
    return found


def element_bytes(workload: Workload) -> int:
    """Bytes of the widest element that the ops read or write, four at least."""
    operands = (o for op in workload.ops for o in (*op.inputs, *op.outputs))
    return max(4, *(operand.bytes for operand in operands))


def strided_contraction(workload: Workload) -> bool:
    """Whether the root sums over every second (or nth) element, as strided 1x1 convolutions do."""
    root = workload.root_op
    strided = any(_strided(index) for operand in root.inputs for index in operand.indices)
    return strided and len(root.inputs) > 1 and bool(root.dims("reduction"))


def restructuring(workload: Workload, schedule: Schedule) -> str:
    """The sequence of `passes/` that rewrites a function before it is configured, or nothing.

    It leaves the number and the order of the structured ops, and their loops, as they are.
    """
    sliced = schedule.choice("pipeline") == TILE and strided_contraction(workload)
    return SLICE if sliced else ""


def translation_info(workload: Workload, schedule: Schedule) -> str:
    """Text of the function's `#iree_codegen.translation_info`."""
    name = PIPELINES[schedule.choice("pipeline")]
    options = ", {enable_loop_peeling}" if schedule.choice("peel") == PEEL[1] else ""
    pipeline = f"#iree_cpu.pipeline<{name}>"
    return f"#iree_codegen.translation_info<pipeline = {pipeline}{options}>"


def lowering_configs(workload: Workload, schedule: Schedule) -> list[str]:
    """Text of each op's `#iree_cpu.lowering_config`, in the order of `workload.ops`."""
    return [_config(workload, position, schedule) for position in range(len(workload.ops))]


def _config(workload: Workload, position: int, schedule: Schedule) -> str:
    op = workload.ops[position]
    root = workload.root_op
    pipeline = schedule.choice("pipeline")
    fixed = fixed_sizes(workload, pipeline)
    parallel, reduction = set(op.dims("parallel")), set(op.dims("reduction"))
    common = set(root.dims("parallel"))

    def sizes(name: str, dims: set[int], unit: int = 1) -> list[int]:
        found = []
        for dim in op.loops:
            if dim not in dims:
                found.append(0)
            elif workload.extents[dim] == 1:
                found.append(unit)
            else:
                found.append(schedule.size(name, dim, fixed.get(dim, 0)))
        return found

    levels: dict[str, list[int]] = {}
    is_root = position == workload.root
    if is_root:
        levels["distribution"] = sizes("distribute", parallel, 0)
        if schedule.choice("cache") == CACHE[1]:
            levels["cache_parallel"] = sizes("cache", parallel, 0)
            levels["cache_reduction"] = sizes("cache_reduce", reduction, 0)
    levels["vector_common_parallel"] = sizes("vector", parallel & common)
    if pipeline != COPY:
        own = sizes("reduce", reduction)
        if not is_root:
            other = sizes("inner", reduction)
            own = [a or b for a, b in zip(own, other, strict=True)]
        levels["vector_reduction"] = own
    if not is_root and pipeline == TILE and parallel - common:
        levels["vector_inner_parallel"] = sizes("inner", parallel - common)
    parts = [f"{name} = {_level(op, schedule, name, values)}" for name, values in levels.items()]
    return f"#iree_cpu.lowering_config<{', '.join(parts)}>"


def _level(op: Op, schedule: Schedule, name: str, sizes: list[int]) -> str:
    """One level, with the interchange where the schedule orders the loops."""
    order = schedule.order("interchange")
    text = "[" + ", ".join(map(str, sizes)) + "]"
    if name != "vector_common_parallel" or not set(order) <= set(op.loops) or not order:
        return text
    places = [op.loops.index(dim) for dim in order]
    slots = sorted(places)
    interchange = list(range(len(op.loops)))
    for slot, place in zip(slots, places, strict=True):
        interchange[slot] = place
    return f"{{sizes = {text}, interchange = [{', '.join(map(str, interchange))}]}}"
