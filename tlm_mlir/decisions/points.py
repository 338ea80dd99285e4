# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""All decision points in program order."""

from __future__ import annotations

from ..ir.analysis import window
from ..ir.extreme import extreme
from ..ir.workload import Workload
from ..targets.task import Question, T, Task
from . import attention, layout, packing, steps
from .attention import Attention
from .dispatch import Lowering
from .layout import Layout
from .packing import Packing
from .point import DecisionPoint
from .steps import Steps
from .weights import Weights

EARLY: tuple[DecisionPoint, ...] = (Attention(), Layout(), Weights(), Steps(), Packing())
"""The decision points before dispatches are formed."""
POINTS: dict[str, DecisionPoint] = {point.name: point for point in (*EARLY, Lowering())}


def early_task(workload: Workload, target: T) -> Task[T]:
    """The task about one op before dispatches are formed: the form of an attention, the layout of a
    convolution, an argmax in steps, the packing of anything else."""
    question: Question = layout.QUESTION if window(workload) else packing.QUESTION
    if workload.root_op.kind == "attention":
        question = attention.QUESTION
    if extreme(workload):
        question = steps.QUESTION
    return Task(workload, target, question)
