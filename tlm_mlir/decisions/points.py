# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""All decision points in program order."""

from __future__ import annotations

from ..ir.analysis import window
from ..ir.workload import Workload
from ..targets.task import T, Task
from . import layout, packing
from .dispatch import Lowering
from .layout import Layout
from .packing import Packing
from .point import DecisionPoint
from .weights import Weights

EARLY: tuple[DecisionPoint, ...] = (Layout(), Weights(), Packing())
"""The decision points before dispatches are formed."""
POINTS: dict[str, DecisionPoint] = {point.name: point for point in (*EARLY, Lowering())}


def early_task(workload: Workload, target: T) -> Task[T]:
    """The task about one op before dispatches are formed: the layout of a convolution, the packing
    of anything else."""
    question = layout.QUESTION if window(workload) else packing.QUESTION
    return Task(workload, target, question)
