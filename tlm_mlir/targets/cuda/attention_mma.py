# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: attention of 16-bit floats on tensor cores."""

from __future__ import annotations

from functools import partial

from ...iree import attributes
from ...language.schedule import Schedule
from ...language.space import Mark, Pick, Step
from ..gpu.intrinsics import ELEMENT, Intrinsic, for_type
from ..gpu.pipeline import GpuTask, divisors, twos
from .attention import Attention, Products, counts, dims_of, extents_of
from .attention_dims import LINE, Tiles, dims
from .pipeline import WARP

MAX_TILES = 38
"""Most fragments (four registers of a thread) of queries, scores and results that a warp has."""
MAX_DEEP = 8
"""Most instructions deep that a step is."""
PAD = 8
"""Elements after each row in shared memory, against conflicts of banks."""


class AttentionMma(Attention):
    """Both products in whole instructions, their inputs in shared memory."""

    token, number = "pipeline:matrix", 3

    def applies(self, task: GpuTask) -> bool:
        """To attentions of whole instructions."""
        workload = task.workload
        row = _found(task)
        if dims(workload) is None or not workload.static or row is None:
            return False
        rows, columns, head, keys = extents_of(task)
        whole = not (rows % row.rows or columns % row.columns or keys % row.depth)
        # Threads copy such heads to shared memory in whole lines.
        return whole and head % row.depth == 0 and head == 1 << twos(head) and _fits(task, row, 1)

    def knobs(self, task: GpuTask) -> Step[None]:
        """Tiles of results of a warp, warps along the rows, instructions deep of a step."""
        found, row = dims_of(task), _row(task)
        rows, columns, _, keys = extents_of(task)
        fits = partial(_fits, task, row)
        yield Mark("@subgroup")
        wides = tuple(n for n in divisors(columns // row.columns, MAX_TILES) if fits(n))
        wide = yield Pick("subgroup", found.columns, wides)
        highs = tuple(n for n in divisors(rows // row.rows, MAX_TILES) if fits(wide, n))
        high = yield Pick("subgroup", found.rows, highs)
        yield Mark("@group")
        deep = divisors(keys // row.depth, MAX_DEEP)
        most = task.target.threads // WARP
        some = divisors(rows // row.rows // high, most)
        warps = tuple(n for n in some if any(fits(wide, high, n, d) for d in deep))
        y = yield Pick("group", found.rows, warps)
        yield Mark("@reduce")
        yield Pick("reduce", found.keys, tuple(d for d in deep if fits(wide, high, y, d)))

    def promoted(self) -> list[str]:
        """Queries, keys and values, copied by all threads, as IREE finds best."""
        return [attributes.promoted(0, 1, 2, by_threads=True)]

    def tiles(self, task: GpuTask, schedule: Schedule) -> Tiles:
        """How a schedule builds a workgroup."""
        found, row = dims_of(task), _row(task)
        warps = schedule.size("group", found.rows, 1)
        return Tiles(
            schedule.size("subgroup", found.rows, 1) * warps * row.rows,
            schedule.size("subgroup", found.columns, 1) * row.columns,
            schedule.size("reduce", found.keys, 1) * row.depth,
            *(warps * WARP, 1, True),
        )

    def sizes(self, task: GpuTask, tiles: Tiles) -> dict[tuple[str, int], int] | None:
        """Tiles of a warp, and warps along the rows."""
        found, row = dims_of(task), _found(task)
        if row is None:
            return None
        warps = max(1, tiles.threads // WARP)
        return {
            ("subgroup", found.columns): tiles.columns // row.columns,
            ("subgroup", found.rows): tiles.rows // row.rows // warps,
            ("group", found.rows): warps,
            ("reduce", found.keys): tiles.step // row.depth,
        }

    def products(self, task: GpuTask, schedule: Schedule) -> Products:
        """The instruction, and the warps along the rows."""
        found = dims_of(task)
        warps = {found.rows: schedule.size("group", found.rows, 1)}
        unit = attributes.mma_kind(_row(task).name)

        def product(without: int, *operands: int) -> list[str]:
            copied = attributes.promoted(*operands, by_threads=True)
            return [unit, copied, f"subgroup_basis = {counts(task, without, warps)}"]

        return product(found.columns, 0, 1), product(found.head, 1)


def _found(task: GpuTask) -> Intrinsic | None:
    """What tensor cores multiply queries, keys and values with; None where they cannot."""
    kinds = {operand.dtype for operand in task.workload.root_op.inputs[:3]}
    return for_type(min(kinds), task.target) if len(kinds) == 1 else None


def _row(task: GpuTask) -> Intrinsic:
    found = _found(task)
    assert found is not None
    return found


def _fits(
    task: GpuTask, row: Intrinsic, wide: int, high: int = 1, warps: int = 1, deep: int = 1
) -> bool:
    """Whether a warp's queries, scores and results fit its registers, and a workgroup's queries,
    keys and values shared memory, and can be copied there."""
    _, _, head, _ = extents_of(task)
    line, column = (head + PAD) * ELEMENT, wide * row.columns * ELEMENT
    keys = deep * row.depth
    shared = high * warps * row.rows * line + keys * line + column * (keys + PAD)
    fragments = high * (head // row.depth + 2 * deep + wide)
    fit = fragments <= MAX_TILES and shared <= task.target.shared
    return fit and _copied(task, row, wide, warps, deep)


def _copied(task: GpuTask, row: Intrinsic, wide: int, warps: int, deep: int) -> bool:
    """Whether IREE finds out how a workgroup's threads copy the tiles to shared memory: lines along
    the innermost dim first, then along the other, each as many as threads, or by whole factors."""
    found = dims_of(task)
    sizes = {
        found.columns: wide * row.columns,
        found.keys: deep * row.depth,
        found.head: task.workload.extents[found.head],
    }
    for operand in task.workload.root_op.inputs[1:3]:
        rest = warps * WARP
        *others, inner = (sizes[i.dim] for i in operand.indices if i.dim in sizes)
        for size in (inner * ELEMENT // LINE, *reversed(others)):
            if rest % size and size % rest:
                return False
            rest = max(1, rest // size)
    return True


ATTENTION_MMA = AttentionMma()
