# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IREE's own tiles for a dispatch, read back as the decisions of a schedule.

Other schedules are compared with it. It need not be of the space: IREE masks tiles that do not
divide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...iree.attributes import Configured, Lowering
from ...language.schedule import PIPELINE, Decision, Schedule
from .pipeline import GpuTask

Sizes = dict[int, int]
"""Tile size by dim."""


def levels(op: Lowering, names: Sequence[str], loops: Sequence[int]) -> list[Sizes] | None:
    """An op's tile sizes along some loops, level by level: those of the names, or where levels have
    numbers the first ones. None for an op of other loops."""
    found = [list(sizes) for sizes in op.tile_sizes] or [list(op.sizes(name)) for name in names]
    missing: list[list[int]] = [[] for _ in range(len(names) - len(found))]
    found = [*found, *missing][: len(names)]
    if not found[0] or any(len(sizes) > len(loops) for sizes in found):
        return None
    padded = ([*sizes, *[0] * (len(loops) - len(sizes))] for sizes in found)
    return [dict(zip(loops, sizes, strict=True)) for sizes in padded]


def promotes(configured: Configured) -> bool:
    """Whether inputs' tiles are copied to shared memory."""
    return any("promote_operands" in op.entries for op in configured.ops)


def matrix_unit(configured: Configured) -> Lowering | None:
    """The config of the op that a matrix unit multiplies; None where there is none."""
    return next((op for op in configured.ops if "mma_kind" in op.entries), None)


def scheduled(token: str, decisions: Sequence[Decision]) -> Schedule:
    """The schedule of a pipeline."""
    return Schedule((Decision(PIPELINE, -1, token), *decisions))


def tiled(
    task: GpuTask, configured: Configured, token: str, *, promoted: bool = False
) -> Schedule | None:
    """The decisions in tiles of a workgroup, an invocation and a step; None where they are of
    other loops."""
    workload, root = task.workload, task.workload.root_op
    names = ("workgroup", "thread", "reduction")
    each = (levels(op, names, root.loops) for op in configured.ops)
    found = next((some for some in each if some and any(some[0].values())), None)
    if found is None:
        return None
    group, thread, reduce = found
    invocations = math.prod(configured.translation.workgroup)
    if promoted and not any(thread.values()):
        thread, reduce = _shared_out(task, group, configured.translation.workgroup), group
    decisions = []
    for dim in root.dims("parallel"):
        size = max(1, thread[dim])
        count = -(-min(group[dim] or size, workload.extents[dim]) // size)
        # More tiles than invocations: an invocation goes through several.
        while count > 1 and count > invocations:
            size, count = size * 2, -(-count // 2)
        invocations //= count
        decisions += [Decision("thread", dim, size), Decision("group", dim, count)]
    decisions += [Decision("reduce", dim, max(1, reduce[dim])) for dim in root.dims("reduction")]
    return scheduled(token, decisions)


def _shared_out(task: GpuTask, group: Sizes, workgroup: Sequence[int]) -> Sizes:
    """What each invocation computes of a promoted tile, the innermost loops that it has more than
    one of along x, y and z."""
    dims = [dim for dim in reversed(task.workload.root_op.dims("parallel")) if group[dim] > 1]
    found = dict(group)
    for dim, count in zip(dims, workgroup, strict=False):
        found[dim] = max(1, group[dim] // count)
    return found
