# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A backend of IREE's: how dispatches are decided there, and how IREE is told and read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from iree.compiler import ir

from ..errors import TargetError
from ..ir.workload import Workload
from ..language.schedule import Schedule
from ..language.space import Space
from .facts import Facts
from .target import Target
from .task import T, T_co, Task

LOWERING, TRANSLATION = "lowering_config", "translation_info"
DECOMPOSITION = "decomposition_config"


@dataclass(frozen=True)
class Configuration:
    """What a schedule becomes in the IR: text of attributes by name, of the `function` and of each
    structured op (`ops`, in the order of `Workload.ops`). `before` is the sequence of `passes/`
    that rewrites the function first; empty for none."""

    function: dict[str, str]
    ops: tuple[dict[str, str], ...]
    before: str = ""


@dataclass(frozen=True)
class Backend:
    """A backend, by IREE's name. Its question is how a dispatch is lowered.

    `entry` are sequences of `passes/` that rewrite every function before it is configured.
    """

    name: str
    read_target: Callable[[str, int, ir.Context], Target]
    decide: ModuleType
    default: ModuleType
    facts: ModuleType
    estimates: ModuleType | None = None
    entry: tuple[str, ...] = ()
    token: str = field(default="decide", init=False)
    margin: float | None = field(default=None, init=False)

    @property
    def estimated(self) -> bool:
        """Whether schedules have a static estimate."""
        return self.estimates is not None

    def task(self, workload: Workload, target: T) -> DispatchTask[T]:
        """The task of lowering a dispatch."""
        return DispatchTask(workload, target, self)

    def space(self, task: Task[Any]) -> Space:
        """The decisions for one dispatch, from the start."""
        found: Space = self.decide.space(task.workload, task.target)
        return found

    def features(
        self, task: Task[Any], schedules: Sequence[Schedule], baseline: Schedule | None
    ) -> list[Facts]:
        """Features of each schedule, by name, for a cost model."""
        found: list[Facts] = self.facts.facts(task.workload, task.target, schedules, baseline)
        return found

    def estimate(self, task: Task[Any], schedule: Schedule) -> float:
        """How long a schedule is estimated to take. Raises TargetError without an estimate."""
        if self.estimates is None:
            raise TargetError(f"no estimate for '{self.name}'; compare schedules by a cost model")
        found: float = self.estimates.estimate(task.workload, task.target, schedule)
        return found

    def configure(self, task: Task[Any], schedule: Schedule) -> Configuration:
        """What a schedule but the default becomes in the IR."""
        workload, module = task.workload, self.decide
        configs = module.lowering_configs(workload, schedule)
        ops = [{LOWERING: config} if config else {} for config in configs]
        if hasattr(module, DECOMPOSITION):
            if parts := module.decomposition_config(workload, schedule):
                ops[workload.root][DECOMPOSITION] = parts
        function = {TRANSLATION: module.translation_info(workload, schedule)}
        if hasattr(module, "kernel_attributes"):
            function |= module.kernel_attributes(schedule)
        return Configuration(function, tuple(ops), module.restructuring(workload, schedule))

    def read_back(self, task: Task[Any], text: str) -> Schedule | None:
        """The schedule closest to what IREE chose by itself; None where nothing here is alike."""
        found: Schedule | None = self.default.imitate(task.workload, task.target, text)
        return found


@dataclass(frozen=True)
class DispatchTask(Task[T_co]):
    """The task of lowering one dispatch."""

    question: Backend

    def configuration(self, schedule: Schedule) -> Configuration:
        """What a schedule but the default becomes in the IR."""
        return self.question.configure(self, schedule)

    def read_back(self, text: str) -> Schedule | None:
        """The schedule closest to what IREE chose by itself; None where nothing here is alike.

        `text` are the attributes that IREE set (`iree.executables.configuration`). On GPUs the
        schedule need not be of the space.
        """
        return self.question.read_back(self, text)
