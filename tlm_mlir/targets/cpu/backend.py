# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: the backend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from iree.compiler import ir

from ...ir.workload import Workload
from ...iree import attributes, passes
from ...language.schedule import Schedule
from ..backend import Backend
from ..features import Features
from ..target import CpuTarget
from ..task import Task
from .attention import ATTENTION, default_is_right
from .conv import CONV
from .copy import COPY
from .features import Choice, features
from .host import cpu_target
from .panel import PANEL
from .pipeline import CpuPipeline
from .recomputed import again, remedy
from .tile import TILE

PANELS = "panels"
"""The family of products with packed weights."""
PIPELINES: tuple[CpuPipeline, ...] = (TILE, CONV, ATTENTION, COPY, PANEL)


class CpuBackend(Backend):
    """CPUs, by LLVM."""

    def read_target(self, executable_target: str, cores: int, context: ir.Context) -> CpuTarget:
        """The CPU that an attribute describes."""
        return cpu_target(executable_target, cores)

    def features(
        self, task: Task[Any], schedules: Sequence[Schedule], baseline: Schedule | None
    ) -> list[Features]:
        """Features of each schedule, by name, for a cost model."""

        def choice(schedule: Schedule) -> Choice:
            if schedule.is_default:
                return schedule, None
            pipeline = self.pipeline(task, schedule)
            assert isinstance(pipeline, CpuPipeline)
            return schedule, pipeline

        reference = choice(baseline) if baseline else None
        found = features(task.workload, task.target, list(map(choice, schedules)), reference)
        if PANEL.applies(task):
            for row, schedule in zip(found, schedules, strict=True):
                row |= PANEL.features(task, schedule)
        return found

    def estimates(self, task: Task[Any]) -> bool:
        """Whether schedules have a static estimate: those of panels."""
        return PANEL.applies(task)

    def family(self, task: Task[Any]) -> str:
        """Products with packed weights are a family."""
        return PANELS if PANEL.applies(task) else ""

    def sketches(self, task: Task[Any]) -> Sequence[Schedule]:
        """For panels, the schedule with the least estimate."""
        return PANEL.sketches(task) if PANEL.applies(task) else ()

    def reference(self, task: Task[Any]) -> Schedule | None:
        """For panels, the schedule with the least estimate: IREE's default is many times slower."""
        return PANEL.sketches(task)[0] if PANEL.applies(task) else None

    def again(self, task: Task[Any], schedule: Schedule) -> int:
        """How often reductions are computed that the root's reads."""
        return again(task.workload, schedule)

    def remedy(self, task: Task[Any], baseline: Schedule) -> tuple[Schedule, float] | None:
        """IREE's own schedule with other sizes where it computes reductions again and again."""
        return remedy(task, baseline)

    def estimate(self, task: Task[Any], schedule: Schedule) -> float:
        """Clocks of a product with packed weights, the default among its schedules; infinite for
        one of another pipeline."""
        if not PANEL.applies(task):
            return super().estimate(task, schedule)
        known = schedule.is_default or schedule.pipeline == PANEL.token
        return PANEL.estimate(task, schedule) if known else math.inf

    def special(self, task: Task[Any]) -> tuple[int, int, int] | None:
        """One row of a product with packed weights."""
        return PANEL.special(task) if PANEL.applies(task) else None

    def read_back(self, task: Task[Any], text: str) -> Schedule | None:
        """The schedule closest to a configuration; of panels only PANEL knows."""
        if PANEL.applies(task):
            return PANEL.read_back(task, attributes.read(text))
        return super().read_back(task, text)

    def default_is_right(self, workload: Workload) -> bool:
        """Whether IREE's default gives right values."""
        return default_is_right(workload)


CPU = CpuBackend(
    name="llvm-cpu",
    pipelines=PIPELINES,
    normalization=passes.CPU_NORMALIZATION,
    # What IREE itself does, but after it has configured a function, so that a configuration for
    # the loops before would not fit.
    entry=("insert_batch_dim",),
    swaps_operands=True,
)
