# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What GPU backends have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iree.compiler import ir

from ...errors import TargetError
from ...iree import hardware
from ...iree.executable_target import backend
from ...language.schedule import Schedule
from ..backend import Backend
from ..features import Features
from ..target import GpuTarget
from ..task import Task
from . import intrinsics
from .features import Choice, features
from .machine import cycles
from .pipeline import GpuPipeline

FEATURES = ("fp64", "fp16", "int64")
"""Types that not every GPU computes with, in the order in which prompts list them, before those of
matrix units."""


class GpuBackend(Backend):
    """A GPU, whose schedules have a static estimate."""

    def estimates(self, task: Task[Any]) -> bool:
        """Whether schedules have a static estimate."""
        return True

    def read_target(self, executable_target: str, cores: int, context: ir.Context) -> GpuTarget:
        """The GPU that an attribute describes. Raises TargetError for one of another backend."""
        found = backend(executable_target)
        if found != self.name:
            raise TargetError(f"expected an executable target of {self.name}, got {found}")
        chip = hardware.gpu(executable_target, context)
        rows = intrinsics.of_backend(found)
        return GpuTarget(
            found,
            units=chip.units,
            subgroup=chip.subgroup,
            threads=chip.threads,
            group=chip.group,
            shared=chip.shared,
            features=(
                *(name for name in FEATURES if name in chip.computes),
                *(row.feature for row in rows if row.among(chip.intrinsics)),
            ),
        )

    def features(
        self, task: Task[Any], schedules: Sequence[Schedule], baseline: Schedule | None
    ) -> list[Features]:
        """Features of each schedule, by name, for a cost model. None may be the default."""

        def choice(schedule: Schedule) -> Choice:
            return schedule, self._of_gpu(task, schedule)

        reference = choice(baseline) if baseline else None
        return features(task, list(map(choice, schedules)), reference)

    def estimate(self, task: Task[Any], schedule: Schedule) -> float:
        """Cycles that a dispatch is estimated to take. The schedule need not be of the space, as
        IREE's own choices are not always."""
        return cycles(task.target, self._of_gpu(task, schedule).demand(task, schedule))

    def _of_gpu(self, task: Task[Any], schedule: Schedule) -> GpuPipeline:
        found = self.pipeline(task, schedule)
        assert isinstance(found, GpuPipeline)
        return found
