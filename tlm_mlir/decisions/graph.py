# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the decision points about ops of a whole program share: their question and their sites."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from ..errors import InputError, TargetError
from ..ir.graph import GraphOp
from ..ir.sources import COMPUTED
from ..ir.workload import Workload
from ..iree.executable_target import executable_targets
from ..iree.locations import location
from ..language.schedule import Decision, Schedule
from ..language.space import Choice, Space
from ..targets import registry
from ..targets.features import Features
from ..targets.target import CpuTarget, Target
from ..targets.task import PlainQuestion, Task
from .graph_features import beside_estimates
from .point import Site

NAME = "graph"
"""The knob, and the word that closes the prompt."""
MARGIN = -math.log(0.95)
"""Least lead of an estimate (in log latency) by which a choice replaces IREE's own."""


@dataclass(frozen=True)
class GraphQuestion(PlainQuestion, ABC):
    """What becomes of one op of a program, compared by an estimate."""

    token: str = NAME
    margin: float | None = MARGIN
    unit: ClassVar[str] = "seconds"

    @abstractmethod
    def space(self, task: Task[Any]) -> Space:
        """The decisions about an op."""

    @abstractmethod
    def estimate(self, task: Task[Any], schedule: Schedule) -> float:
        """Seconds of an op under a schedule, the default among them; infinite where IREE has no
        fast code for that."""

    def estimates(self, task: Task[Any]) -> bool:
        """Every op has an estimate."""
        return True

    def features(
        self, task: Task[Any], schedules: Sequence[Schedule], baseline: Schedule | None
    ) -> list[Features]:
        """Raises TargetError: there are none, unless a question says so."""
        raise TargetError(f"no features of a {self.token} decision; compare by its estimate")


class OptionQuestion(GraphQuestion):
    """One choice for an op, which begins with leaving it to IREE."""

    sketched: ClassVar[str] = ""
    """An option that is considered wherever it is open, whatever a model writes."""

    @abstractmethod
    def options(self, workload: Workload) -> tuple[str, ...]:
        """What may be chosen for an op, leaving it alone first."""

    def sketches(self, task: Task[Any]) -> Sequence[Schedule]:
        """The `sketched` option, where it is open."""
        open_ = self.sketched in self.options(task.workload)
        return [Schedule((Decision(NAME, -1, self.sketched),))] if open_ else []

    @abstractmethod
    def seconds(
        self, workload: Workload, target: CpuTarget, sources: Sequence[str], option: str
    ) -> float:
        """Seconds of an op under an option; `sources` tell where its inputs come from."""

    def space(self, task: Task[Any]) -> Space:
        """The choice alone."""
        yield Choice(NAME, self.options(task.workload))

    def estimate(self, task: Task[Any], schedule: Schedule) -> float:
        """Seconds of an op under the option that a schedule is."""
        sources = self.sources(task)
        return self.seconds(task.workload, task.target, sources, schedule.choice(NAME))

    def sources(self, task: Task[Any]) -> Sequence[str]:
        """Where an op's inputs come from."""
        # Of an op that stands alone, as in old records, nothing is known.
        return task.sources or (COMPUTED,) * len(task.workload.root_op.inputs)


@dataclass(frozen=True)
class LearnedQuestion(OptionQuestion):
    """One choice for an op, whose estimates a cost model can correct."""

    margin: float | None = 0.15
    names: ClassVar[tuple[str, ...]]
    """All options but to leave an op to IREE."""

    def corrects(self, task: Task[Any], schedule: Schedule) -> bool:
        """What is measured of ops is little beside what an estimate knows of them."""
        return not schedule.is_default

    @abstractmethod
    def of_op(self, task: Task[Any]) -> Features:
        """Features of an op, whatever becomes of it."""

    def features(
        self, task: Task[Any], schedules: Sequence[Schedule], baseline: Schedule | None
    ) -> list[Features]:
        """Features of options: of the op, and the estimates of all that are open."""
        fixed = self.of_op(task)
        sources = self.sources(task)
        seconds = {
            option: self.seconds(task.workload, task.target, sources, option)
            for option in self.options(task.workload)
        }
        return [
            beside_estimates(fixed, seconds, schedule.choice(NAME), self.names)
            for schedule in schedules
        ]


def find_sites(
    point: str, question: GraphQuestion, module: ir.Operation, ops: Sequence[GraphOp], cores: int
) -> list[Site]:
    """The sites of a point about some ops of a program, all for the target of its device.

    Nothing is asked where a program has several targets: an op does not say which will run it.
    """
    if not ops:
        return []
    texts = executable_targets(module)
    target: Target | None = None
    reason = f"is part of a program for {len(texts)} targets"
    if len(texts) == 1:
        target = registry.read_target(texts[0], cores, module.context)
        reason = "" if isinstance(target, CpuTarget) else "is not for a CPU"
    sites = []
    for op in ops:
        task = Task(op.workload, target, question, op.sources) if target and not reason else None
        name, place = op.operation.name, location(op.operation)
        sites.append(Site(point, name, place, op.operation, op.workload, task, reason))
    return sites


def chosen(sites: Sequence[Site], schedules: Sequence[Schedule | None]) -> dict[int, str]:
    """What is chosen by the place of a site, without those that are left to IREE."""
    if len(sites) != len(schedules):
        raise InputError(f"{len(schedules)} schedules for {len(sites)} ops; give one for each op")
    return {
        place: schedule.choice(NAME)
        for place, schedule in enumerate(schedules)
        if schedule is not None and not schedule.is_default
    }
