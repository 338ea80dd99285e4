# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: attention without tensor cores: rows and keys among the threads of a warp."""

from __future__ import annotations

import math

from ...language.schedule import Schedule
from ...language.space import Mark, Pick, Step
from ..gpu.machine import machine
from ..gpu.pipeline import MAX_RESULTS, GpuTask, divisors, twos
from .attention import Attention, Products, counts, dims_of, extents_of
from .attention_dims import LINE, Tiles, dims
from .pipeline import WARP

MAX_WORDS = {2: 128, 4: 144}
"""Limit on a thread's registers for queries, results and scores, by the bytes of an element.
MORE_WORDS come on top."""
MORE_WORDS = 64
"""Registers of a thread besides those of MAX_WORDS."""
MAX_BODY = 2048
"""Most multiplications of a step that a thread unrolls."""


class AttentionTile(Attention):
    """A thread has a query of its own, and shares its row with others of its warp."""

    token, number = "pipeline:vector", 1

    def applies(self, task: GpuTask) -> bool:
        """To attentions of which a thread has a query, a result and a score at least."""
        if dims(task.workload) is None or not task.workload.static:
            return False
        rows, columns, head, keys = extents_of(task)
        fits = head + 2 <= MAX_WORDS.get(_widest(task), 0)
        return fits and _lanes(rows, columns, keys) <= WARP

    def knobs(self, task: GpuTask) -> Step[None]:
        """Results of a thread, threads along columns (which then share the keys) and rows, keys."""
        target, found = task.target, dims_of(task)
        registers = machine(target).registers
        rows, columns, head, keys = extents_of(task)
        words = MAX_WORDS[_widest(task)]
        yield Mark("@thread")
        some = divisors(columns, min(MAX_RESULTS, words - head - 1))
        some = tuple(n for n in some if _lanes(rows, columns // n, keys) <= WARP)
        wide = yield Pick("thread", found.columns, some)
        some = divisors(rows, max(1, min(MAX_RESULTS // wide, words // (head + wide + 1))))
        some = tuple(n for n in some if _lanes(rows // n, columns // wide, keys) <= WARP)
        high = yield Pick("thread", found.rows, some)
        yield Mark("@group")
        across = math.gcd(columns // wide, keys, WARP)
        least = _lanes(rows // high, columns // wide, keys)
        # A step has a key for each of them.
        most = max(least, MAX_BODY // (high * wide))
        x = yield Pick("group", found.columns, divisors(across, most, least))
        held = high * (head + wide + 1)
        most = min(target.threads, registers // (held + MORE_WORDS)) // x
        y = divisors(rows // high, max(most, WARP // x), unit=WARP // x)
        y = yield Pick("group", found.rows, y)
        yield Mark("@reduce")
        words = min(words, registers // (x * y) - MORE_WORDS)
        scores = max(1, words // high - head - wide)
        most = min(scores * x, int(MAX_BODY / high / (head / x + wide)))
        yield Pick("reduce", found.keys, divisors(keys, max(x, most), unit=x))

    def tiles(self, task: GpuTask, schedule: Schedule) -> Tiles:
        """How a schedule builds a workgroup; one that IREE chose may say how many columns it
        has."""
        found = dims_of(task)
        y, x = (schedule.size("group", dim, 1) for dim in (found.rows, found.columns))
        columns = schedule.size("thread", found.columns, 1) * x
        return Tiles(
            schedule.size("thread", found.rows, 1) * y,
            schedule.size("columns", found.columns, columns),
            schedule.size("reduce", found.keys, 1),
            *(x * y, x, False),
        )

    def sizes(self, task: GpuTask, tiles: Tiles) -> dict[tuple[str, int], int]:
        """Where IREE has a workgroup's threads share the keys of one row, they are side by side,
        each with a part of the columns."""
        found = dims_of(task)
        return {
            ("thread", found.rows): 1,
            ("columns", found.columns): tiles.columns,
            ("group", found.columns): tiles.threads // tiles.rows,
            ("group", found.rows): tiles.rows,
            ("reduce", found.keys): tiles.step,
        }

    def products(self, task: GpuTask, schedule: Schedule) -> Products:
        """Rows and keys among the threads, then rows and columns."""
        found, built = dims_of(task), self.tiles(task, schedule)
        line = LINE // task.workload.root_op.inputs[0].bytes
        high = WARP // built.across
        warps = {found.rows: built.threads // WARP}
        keys = math.gcd(built.step // built.across, line)
        columns = math.gcd(built.columns // built.across, 2 * line)
        head = math.gcd(task.workload.extents[found.head], line)
        step = math.gcd(built.step, line)

        def product(without: int, along: int, sizes: dict[int, int]) -> list[str]:
            lanes = {found.rows: high, along: built.across}
            basis = f"lane_basis = {counts(task, without, lanes)}"
            warp_basis = f"subgroup_basis = {counts(task, without, warps)}"
            return [basis, warp_basis, _thread(task, without, sizes)]

        return (
            product(found.columns, found.keys, {found.head: head, found.keys: keys}),
            product(found.head, found.columns, {found.columns: columns, found.keys: step}),
        )


def _lanes(rows: int, columns: int, keys: int) -> int:
    """The least number of threads that a row must have for whole warps, in powers of two; more than
    a warp where there is none."""
    least = WARP >> min(twos(rows), twos(WARP))
    return least if math.gcd(columns, keys, WARP) >= least else 2 * WARP


def _thread(task: GpuTask, without: int, sizes: dict[int, int]) -> str:
    """Elements of a load along each loop of a product."""
    root = task.workload.root_op
    kept = [dim for dim in root.loops if dim != without]
    return f"thread = {[sizes.get(dim, 1 if dim in root.dims('parallel') else 0) for dim in kept]}"


def _widest(task: GpuTask) -> int:
    """Bytes of the widest element of queries, keys and values."""
    return max(operand.bytes for operand in task.workload.root_op.inputs[:3])


ATTENTION_TILE = AttentionTile()
