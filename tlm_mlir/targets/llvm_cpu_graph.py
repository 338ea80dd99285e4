# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: what may be decided about one op of a program before dispatches are formed.

A convolution may become a matmul over gathered windows (im2col), or have its channels moved last
(NHWC). A contraction may be data-tiled: its operands are packed so that the innermost kernel reads
them in order. What is constant is transposed or packed once, when the program loads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import TargetError
from ..ir.workload import Workload
from ..language.schedule import LEAVE, Schedule
from ..language.space import Choice, Space
from .facts import Facts
from .llvm_cpu import window
from .task import Task

NAME = "graph"
IM2COL, TILED, LAST = "graph:im2col", "graph:tiled", "graph:channels-last"


@dataclass(frozen=True)
class Graph:
    """What becomes of an op: one decision, which nothing but the model compares."""

    token: str = NAME
    estimated: bool = False

    def space(self, task: Task[Any]) -> Space:
        """The one decision about an op: `graph:leave`, or what else its kind allows."""
        yield Choice(NAME, options(task.workload))

    def features(
        self, task: Task[Any], schedules: Sequence[Schedule], baseline: Schedule | None
    ) -> list[Facts]:
        """Raises TargetError: there are none."""
        raise TargetError("no features of graph decisions; take what the model writes")

    def estimate(self, task: Task[Any], schedule: Schedule) -> float:
        """Raises TargetError: there is none."""
        raise TargetError("no estimate of graph decisions; take what the model writes")


GRAPH = Graph()


def options(workload: Workload) -> tuple[str, ...]:
    """What may be chosen for an op, leaving it alone first."""
    if not workload.static:
        return (LEAVE,)
    if not window(workload):
        return (LEAVE, TILED)
    last = (LAST,) if _channels_first(workload) else ()
    return (LEAVE, *last) if _dilated(workload) else (LEAVE, *last, IM2COL)


def _channels_first(workload: Workload) -> bool:
    """Whether the result of a convolution ends in rows and columns (NCHW)."""
    (innermost,) = workload.root_op.outputs[0].indices[-1].terms
    return innermost[0] in {outer for outer, _ in window(workload)}


def _dilated(workload: Workload) -> bool:
    """Whether a window skips points, which IREE's im2col does not do."""
    inner = {dim for _, dim in window(workload)}
    return any(
        factor != 1
        for operand in workload.root_op.inputs
        for index in operand.indices
        for dim, factor in index.terms
        if dim in inner
    )
