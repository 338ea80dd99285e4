# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: attention, by the pipeline VectorDistribute of IREE's Codegen/LLVMGPU (Passes.cpp).

A workgroup computes some rows of the result, for some of its columns, and takes a step's keys and
values at a time, so that scores never reach memory (Dao et al. 2022, "FlashAttention"). IREE is
told, besides the tiles, how the threads share the two products that an attention is taken apart
into: queries by keys, and scores by values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from ..ir.workload import Workload
from ..language.schedule import Schedule
from ..language.space import Mark, Pick
from .cuda_matrix import COLUMNS, DEPTH, ROWS, SUBGROUP
from .gpu import ATTENTION, MATRIX, MATRIX_FEATURES, MAX_RESULTS, PLAIN, divisors, twos
from .gpu_machine import REGISTERS
from .gpu_matrix import ELEMENT, TYPES
from .target import GpuTarget

MAX_WORDS = {2: 128, 4: 144}
"""Most queries, results and scores that a thread holds in registers, by the bytes of an element,
and..."""
MORE_WORDS = 64
"""...how many registers it has besides."""
MAX_BODY = 2048
"""Most multiplications of a step that a thread unrolls."""
MAX_TILES = 38
"""Most fragments (four registers of a thread) of queries, scores and results that a warp has."""
MAX_DEEP = 8
"""Most instructions deep that a step is."""
PAD = 8
"""Elements after each row in shared memory, against conflicts of banks."""
LINE = 16
"""Bytes that a thread loads with one instruction at most."""


@dataclass(frozen=True)
class Dims:
    """The dims of an attention: rows are those of the queries, columns those of the values, `head`
    is summed over for a score, and `keys` are the scores of a row."""

    rows: int
    columns: int
    head: int
    keys: int


@dataclass(frozen=True)
class Tiles:
    """What a workgroup computes: rows, columns, keys of a step; its threads, of which so many share
    a row. `matrix` tells of tensor cores."""

    rows: int
    columns: int
    step: int
    threads: int
    across: int
    matrix: bool


def dims(workload: Workload) -> Dims | None:
    """The dims of a root that is an attention with one of each; None for others.

    Rows may be cut into several dims, as where heads of queries share those of keys: the innermost
    counts, and the others are like a batch.
    """
    root = workload.root_op
    if root.kind != ATTENTION or len(root.inputs) < 3:
        return None
    spans = [{index.dim for index in o.indices} for o in (*root.inputs[:3], root.outputs[0])]
    if any(None in span for span in spans):
        return None
    query, key, value, out = spans
    batch = query & key & value & out
    rows = [index.dim for index in root.inputs[0].indices if index.dim in query & out - batch]
    pairs = (value, out), (query, key), (key, value)
    each = [one & other - batch for one, other in pairs]
    if not rows or any(len(dims) != 1 for dims in each):
        return None
    if len(batch) + len(rows) + len(each) != len(root.loops):
        return None
    return Dims(*(dim for dim in (rows[-1], *(dim for (dim,) in each)) if dim is not None))


def pipelines(workload: Workload, target: GpuTarget) -> Iterable[str]:
    """Ways to compute an attention on tensor cores and without."""
    found = dims(workload)
    if found is None or not workload.static:
        return
    rows, columns, head, keys = _extents(workload, found)
    # A thread has a query of its own, a result and a score at least.
    fits = head + 2 <= MAX_WORDS.get(_widest(workload), 0)
    if fits and _lanes(rows, columns, keys) <= SUBGROUP:
        yield PLAIN
    kinds = {operand.dtype for operand in workload.root_op.inputs[:3]}
    whole = not (rows % ROWS or columns % COLUMNS or keys % DEPTH)
    # Threads copy such heads to shared memory in whole lines.
    whole &= head % DEPTH == 0 and head == 1 << twos(head) and _fits(workload, target, 1)
    if whole and len(kinds) == 1 and TYPES.get(min(kinds)) in target.features:
        yield MATRIX


def space(workload: Workload, target: GpuTarget, pipeline: str):  # type: ignore[no-untyped-def]
    """The decisions after the choice of the pipeline."""
    yield from (_matrix if pipeline == MATRIX else _plain)(workload, target)


def _plain(workload: Workload, target: GpuTarget):  # type: ignore[no-untyped-def]
    """Results of a thread, threads along columns (which then share the keys) and rows, keys."""
    found = dims(workload)
    assert found is not None
    rows, columns, head, keys = _extents(workload, found)
    words = MAX_WORDS[_widest(workload)]
    yield Mark("@thread")
    some = divisors(columns, min(MAX_RESULTS, words - head - 1))
    some = tuple(n for n in some if _lanes(rows, columns // n, keys) <= SUBGROUP)
    wide = yield Pick("thread", found.columns, some)
    some = divisors(rows, max(1, min(MAX_RESULTS // wide, words // (head + wide + 1))))
    some = tuple(n for n in some if _lanes(rows // n, columns // wide, keys) <= SUBGROUP)
    high = yield Pick("thread", found.rows, some)
    yield Mark("@group")
    across = math.gcd(columns // wide, keys, SUBGROUP)
    least = _lanes(rows // high, columns // wide, keys)
    # A step has a key for each of them.
    most = max(least, MAX_BODY // (high * wide))
    x = yield Pick("group", found.columns, divisors(across, most, least))
    held = high * (head + wide + 1)
    most = min(target.threads, REGISTERS // (held + MORE_WORDS)) // x
    y = divisors(rows // high, max(most, SUBGROUP // x), unit=SUBGROUP // x)
    y = yield Pick("group", found.rows, y)
    yield Mark("@reduce")
    words = min(words, REGISTERS // (x * y) - MORE_WORDS)
    scores = max(1, words // high - head - wide)
    most = min(scores * x, int(MAX_BODY / high / (head / x + wide)))
    yield Pick("reduce", found.keys, divisors(keys, max(x, most), unit=x))


def _lanes(rows: int, columns: int, keys: int) -> int:
    """The least number of threads that a row must have for whole warps, in powers of two; more than
    a warp where there is none."""
    least = SUBGROUP >> min(twos(rows), twos(SUBGROUP))
    return least if math.gcd(columns, keys, SUBGROUP) >= least else 2 * SUBGROUP


def _matrix(workload: Workload, target: GpuTarget):  # type: ignore[no-untyped-def]
    """Tiles of results of a warp, warps along the rows, instructions deep of a step."""
    found = dims(workload)
    assert found is not None
    rows, columns, _, keys = _extents(workload, found)
    fits = partial(_fits, workload, target)
    yield Mark("@subgroup")
    wides = tuple(n for n in divisors(columns // COLUMNS, MAX_TILES) if fits(n))
    wide = yield Pick("subgroup", found.columns, wides)
    highs = tuple(n for n in divisors(rows // ROWS, MAX_TILES) if fits(wide, n))
    high = yield Pick("subgroup", found.rows, highs)
    yield Mark("@group")
    deep = divisors(keys // DEPTH, MAX_DEEP)
    most = target.threads // SUBGROUP
    warps = tuple(
        n for n in divisors(rows // ROWS // high, most) if any(fits(wide, high, n, d) for d in deep)
    )
    y = yield Pick("group", found.rows, warps)
    yield Mark("@reduce")
    yield Pick("reduce", found.keys, tuple(d for d in deep if fits(wide, high, y, d)))


def _fits(
    workload: Workload, target: GpuTarget, wide: int, high: int = 1, warps: int = 1, deep: int = 1
) -> bool:
    """Whether a warp's queries, scores and results fit its registers, and a workgroup's queries,
    keys and values shared memory, and can be copied there."""
    found = dims(workload)
    assert found is not None
    head = workload.extents[found.head]
    row, column = (head + PAD) * ELEMENT, wide * COLUMNS * ELEMENT
    keys = deep * DEPTH
    shared = high * warps * ROWS * row + keys * row + column * (keys + PAD)
    fragments = high * (head // DEPTH + 2 * deep + wide)
    fit = fragments <= MAX_TILES and shared <= target.shared
    return fit and _copied(workload, wide, warps, deep)


def _copied(workload: Workload, wide: int, warps: int, deep: int) -> bool:
    """Whether IREE finds out how a workgroup's threads copy the tiles to shared memory: lines along
    the innermost dim first, then along the other, each as many as threads, or by whole factors."""
    found = dims(workload)
    assert found is not None
    sizes = {
        found.columns: wide * COLUMNS,
        found.keys: deep * DEPTH,
        found.head: workload.extents[found.head],
    }
    for operand in workload.root_op.inputs[1:3]:
        rest = warps * SUBGROUP
        *others, inner = (sizes[i.dim] for i in operand.indices if i.dim in sizes)
        for size in (inner * ELEMENT // LINE, *reversed(others)):
            if rest % size and size % rest:
                return False
            rest = max(1, rest // size)
    return True


def tiles(workload: Workload, schedule: Schedule) -> Tiles:
    """How a schedule builds a workgroup; one that IREE chose (`gpu_default`) may say how many
    columns it has."""
    found = dims(workload)
    assert found is not None
    y = schedule.size("group", found.rows, 1)
    if schedule.choice("pipeline") == MATRIX:
        return Tiles(
            schedule.size("subgroup", found.rows, 1) * y * ROWS,
            schedule.size("subgroup", found.columns, 1) * COLUMNS,
            schedule.size("reduce", found.keys, 1) * DEPTH,
            *(y * SUBGROUP, 1, True),
        )
    x = schedule.size("group", found.columns, 1)
    columns = schedule.size("thread", found.columns, 1) * x
    return Tiles(
        schedule.size("thread", found.rows, 1) * y,
        schedule.size("columns", found.columns, columns),
        schedule.size("reduce", found.keys, 1),
        *(x * y, x, False),
    )


def translation_info(workload: Workload, schedule: Schedule) -> str:
    """Text of the function's `#iree_codegen.translation_info`; IREE's own choice lets exponentials
    flush denormals, too."""
    threads = tiles(workload, schedule).threads
    flush = '#iree_codegen.denormal_fp_math<"preserve-sign">'
    return (
        "#iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<VectorDistribute>"
        f" workgroup_size = [{threads}, 1, 1] subgroup_size = {SUBGROUP},"
        f" {{iree_codegen.denormal_fp_math_f32 = {flush}}}>"
    )


def config(workload: Workload, schedule: Schedule) -> str:
    """Text of the root's config: a workgroup's tile and a step's."""
    found, built = dims(workload), tiles(workload, schedule)
    assert found is not None
    loops = workload.root_op.loops
    reduction = workload.root_op.dims("reduction")
    group = {found.rows: built.rows, found.columns: built.columns}
    sizes = [0 if dim in reduction else group.get(dim, 1) for dim in loops]
    step = [built.step if dim == found.keys else 0 for dim in loops]
    parts = [f"reduction = {step}", f"workgroup = {sizes}"]
    if built.matrix:
        parts = [_promoted(0, 1, 2), *parts]
    return f"#iree_gpu.lowering_config<{{{', '.join(parts)}}}>"


def decomposition_config(workload: Workload, schedule: Schedule) -> str:
    """Text of how the threads share both products of the root."""
    products = _matrix_products if schedule.choice("pipeline") == MATRIX else _plain_products
    scores, results = products(workload, schedule)
    return (
        f"{{qk_attrs = {{lowering_config = #iree_gpu.lowering_config<{{{scores}}}>}},"
        f" pv_attrs = {{lowering_config = #iree_gpu.lowering_config<{{{results}}}>}}}}"
    )


def _plain_products(workload: Workload, schedule: Schedule) -> tuple[str, str]:
    found, built = dims(workload), tiles(workload, schedule)
    assert found is not None
    line = LINE // workload.root_op.inputs[0].bytes
    high = SUBGROUP // built.across
    warps = {found.rows: built.threads // SUBGROUP}
    keys = math.gcd(built.step // built.across, line)
    columns = math.gcd(built.columns // built.across, 2 * line)
    head = math.gcd(workload.extents[found.head], line)
    step = math.gcd(built.step, line)
    scores = _basis(workload, found.columns, {found.rows: high, found.keys: built.across}, warps)
    results = _basis(workload, found.head, {found.rows: high, found.columns: built.across}, warps)
    return (
        f"{scores}, {_thread(workload, found.columns, {found.head: head, found.keys: keys})}",
        f"{results}, {_thread(workload, found.head, {found.columns: columns, found.keys: step})}",
    )


def _matrix_products(workload: Workload, schedule: Schedule) -> tuple[str, str]:
    found = dims(workload)
    assert found is not None
    kind = MATRIX_FEATURES["cuda"][TYPES[workload.root_op.inputs[0].dtype]]
    warps = {found.rows: schedule.size("group", found.rows, 1)}
    unit = f"mma_kind = #iree_gpu.mma_layout<{kind}>"
    scores = f"subgroup_basis = {_counts(workload, found.columns, warps)}"
    results = f"subgroup_basis = {_counts(workload, found.head, warps)}"
    return f"{unit}, {_promoted(0, 1)}, {scores}", f"{unit}, {_promoted(1)}, {results}"


def _basis(workload: Workload, without: int, lanes: dict[int, int], warps: dict[int, int]) -> str:
    return (
        f"lane_basis = {_counts(workload, without, lanes)},"
        f" subgroup_basis = {_counts(workload, without, warps)}"
    )


def _counts(workload: Workload, without: int, counts: dict[int, int]) -> list[list[int]]:
    """Threads or warps along each loop of the root, and which of these a product without one of
    them has."""
    loops = workload.root_op.loops
    kept = [place for place, dim in enumerate(loops) if dim != without]
    return [[counts.get(dim, 1) for dim in loops], kept]


def _thread(workload: Workload, without: int, sizes: dict[int, int]) -> str:
    kept = [dim for dim in workload.root_op.loops if dim != without]
    parallel = workload.root_op.dims("parallel")
    return f"thread = {[sizes.get(dim, 1 if dim in parallel else 0) for dim in kept]}"


def _promoted(*operands: int) -> str:
    """That operands are copied to shared memory by all threads, as IREE finds best."""
    types = ", ".join(["#iree_gpu.derived_thread_config"] * len(operands))
    return f"promote_operands = {list(operands)}, promotion_types = [{types}]"


def _extents(workload: Workload, found: Dims) -> tuple[int, int, int, int]:
    extents = workload.extents
    return extents[found.rows], extents[found.columns], extents[found.head], extents[found.keys]


def _widest(workload: Workload) -> int:
    """Bytes of the widest element of queries, keys and values."""
    return max(operand.bytes for operand in workload.root_op.inputs[:3])
