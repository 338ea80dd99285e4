# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decision points: where in a compilation something is decided, about what, and how it is done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from ..ir.workload import Workload
from ..language.schedule import Schedule
from ..targets.task import Task

LEFT, AT_LOAD = "left", "at load"
"""What becomes of a site about which nothing is asked."""


@dataclass(frozen=True)
class Site:
    """One place of a program that a decision point is about: an op, or a dispatch.

    `operation` lives until its module is compiled further. `task` is what is asked; None where
    nothing can be, and then `reason` says why, and `left` what that is called in a report. Sites of
    equal tasks get equal answers. `point` is the name of the decision point, `location` the first
    place in the source that the op comes from, empty where that is not known.
    """

    point: str
    name: str
    location: str
    operation: ir.Operation
    workload: Workload | None
    task: Task[Any] | None
    reason: str = ""
    left: str = LEFT


class DecisionPoint(ABC):
    """A place in a compilation where something is decided.

    Points are taken in program order, each at the end of its `phase`. `flags` are those that IREE's
    session needs from its beginning; they change nothing where no answer asks for it. `targets` are
    what `Options.target` may be for programs that have such sites.
    """

    name: ClassVar[str]
    phase: ClassVar[str]
    flags: ClassVar[tuple[str, ...]] = ()
    targets: ClassVar[tuple[str, ...]] = ("llvm-cpu",)

    @abstractmethod
    def find(self, module: ir.Operation, cores: int) -> list[Site]:
        """The sites of a module at the end of the phase, in program order.

        `cores` is the number of threads that will run the program where it runs on a CPU.
        """

    @abstractmethod
    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        """Puts schedules on the sites of a module, in place. None, and a schedule that is the
        default, leaves a site to IREE.

        Raises CompileError where IREE refuses one.
        """
