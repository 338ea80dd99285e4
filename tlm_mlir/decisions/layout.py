# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The layout of convolutions, decided at the end of the phase `preprocessing`.

A convolution may become a matmul over gathered windows (im2col), or have its channels moved last
(NHWC). What is constant is transposed once, when the program loads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iree.compiler import ir
from iree.compiler.dialects.transform import interpreter

from ..ir.analysis import window
from ..ir.graph import find_convolutions
from ..ir.workload import Workload
from ..iree.invocation import refusals
from ..iree.phases import PREPROCESSING
from ..language.schedule import LEAVE, Schedule
from ..targets.features import Features
from ..targets.target import CpuTarget
from ..targets.task import Task
from .channels_last import LAST, move_channels_last
from .estimate_layout import channels_first, read_convolution, seconds
from .graph import LearnedQuestion, chosen, find_sites
from .graph_features import of_convolution
from .im2col_script import IM2COL, im2col_script
from .point import DecisionPoint, Site


class LayoutQuestion(LearnedQuestion):
    """In which layout a convolution is computed."""

    names = (LAST, IM2COL)
    sketched = LAST

    def options(self, workload: Workload) -> tuple[str, ...]:
        """Channels last where they are first, im2col where IREE's pass has it."""
        if not workload.static:
            return (LEAVE,)
        found = read_convolution(workload)
        # Of groups without a window, IREE makes matmuls.
        moves = channels_first(workload) and not (found.groups and found.window == 1)
        last = (LAST,) if moves else ()
        refused = found.groups or _dilated(workload) or _widens_a_batch(workload)
        return (LEAVE, *last) if refused else (LEAVE, *last, IM2COL)

    def seconds(
        self, workload: Workload, target: CpuTarget, sources: Sequence[str], option: str
    ) -> float:
        """Seconds of a convolution by `estimate_layout`."""
        return seconds(workload, target, sources, option)

    def family(self, task: Task[Any]) -> str:
        """A cost model of its own."""
        return Layout.name

    def corrects(self, task: Task[Any], schedule: Schedule) -> bool:
        """Of convolutions in groups nothing was measured."""
        grouped = read_convolution(task.workload).groups
        return not grouped and super().corrects(task, schedule)

    def of_op(self, task: Task[Any]) -> Features:
        """Features of a convolution."""
        return of_convolution(task.workload, task.target, self.sources(task))


QUESTION = LayoutQuestion()


class Layout(DecisionPoint):
    """The layout of each static 2-D convolution of a program."""

    name = "layout"
    phase = PREPROCESSING

    def find(self, module: ir.Operation, cores: int) -> list[Site]:
        """The convolutions of a module."""
        return find_sites(self.name, QUESTION, module, find_convolutions(module), cores)

    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        """Rewrites convolutions; the others stay exactly as they are."""
        picked = chosen(sites, schedules)
        last, gathered = (
            [sites[place].operation for place, what in picked.items() if what == option]
            for option in (LAST, IM2COL)
        )
        move_channels_last(module, last)
        if gathered:
            _run_script(module, gathered)


def _run_script(module: ir.Operation, gathered: Sequence[ir.Operation]) -> None:
    script = im2col_script(module, gathered)
    entry = script.body.operations[0].operation
    with refusals():
        interpreter.apply_named_sequence(module, entry, script.operation)


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


def _widens_a_batch(workload: Workload) -> bool:
    """Whether several images are added up in another type than theirs, for which IREE's im2col
    makes IR that is not valid (GlobalOptimization/ConvertConv2DToImg2Col.cpp, createMul)."""
    root = workload.root_op
    types = {operand.dtype for operand in (*root.inputs, *root.outputs)}
    return len(types) > 1 and read_convolution(workload).batch > 1
