# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A backend of IREE's: how dispatches are decided there, and how IREE is told and read.

A backend is a list of pipelines. Each is one way to lower a dispatch, and one file: it says where
it applies, asks its decisions, tells IREE, and reads IREE's own choice of it back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from iree.compiler import ir

from ..errors import TargetError
from ..ir.workload import Workload
from ..iree import attributes
from ..iree.attributes import Configured
from ..language.schedule import DEFAULT, PIPELINE, Schedule
from ..language.space import Choice, Space, Step
from .features import Features
from .target import Target
from .task import PlainQuestion, T, T_co, Task


@dataclass(frozen=True)
class Configuration:
    """What a schedule becomes in the IR: text of attributes by name, of the `function` and of each
    structured op (`ops`, in the order of `Workload.ops`). `before` is the sequence of `passes/`
    that rewrites the function first; empty for none."""

    function: dict[str, str]
    ops: tuple[dict[str, str], ...]
    before: str = ""


class Pipeline(Protocol):
    """One way to lower a dispatch on a backend."""

    @property
    def token(self) -> str:
        """The word of the vocabulary that chooses it. Pipelines for other kinds of root ops may
        have the same one."""

    @property
    def number(self) -> int:
        """What the feature `pipeline` says of its schedules. Cost models have learned it."""

    def suits(self, workload: Workload) -> bool:
        """Whether this pipeline is the one that its token means for a workload's kind of root."""

    def any_length(self, workload: Workload) -> Collection[int]:
        """Dims of a dispatch whose extents may be dynamic."""

    def applies(self, task: Task[Any]) -> bool:
        """Whether it can lower a dispatch, with an extent for each dim."""

    def knobs(self, task: Task[Any]) -> Step[None]:
        """The decisions after it was chosen."""

    def configure(self, task: Task[Any], schedule: Schedule) -> Configuration:
        """What a schedule becomes in the IR."""

    def read_back(self, task: Task[Any], configured: Configured) -> Schedule | None:
        """The schedule closest to what IREE chose by itself; None for a choice of another
        pipeline."""


@dataclass(frozen=True)
class Backend(PlainQuestion, ABC):
    """A backend, by IREE's name. Its question is how a dispatch is lowered.

    `pipelines` are in the order in which schedules list them. `normalization` are the passes that
    IREE runs on a dispatch before it configures it: what is read is what is configured. `entry` are
    sequences of `passes/` that rewrite every function before it is configured. `swaps_operands`
    tells whether a contraction's code depends on the order of its factors.
    """

    name: str
    pipelines: tuple[Pipeline, ...]
    normalization: tuple[str, ...]
    entry: tuple[str, ...] = ()
    swaps_operands: bool = False

    token: ClassVar[str] = "decide"
    unit: ClassVar[str] = "clocks"
    margin: ClassVar[float | None] = None

    @abstractmethod
    def read_target(self, executable_target: str, cores: int, context: ir.Context) -> Target:
        """The target that an IREE `#hal.executable.target` attribute's text describes; `cores` is
        the number of threads that will run the program where it runs on a CPU."""

    @abstractmethod
    def features(
        self, task: Task[Any], schedules: Sequence[Schedule], baseline: Schedule | None
    ) -> list[Features]:
        """Features of each schedule, by name, for a cost model."""

    def estimates(self, task: Task[Any]) -> bool:
        """Whether schedules have a static estimate."""
        return False

    def estimate(self, task: Task[Any], schedule: Schedule) -> float:
        """How long a schedule is estimated to take. Raises TargetError without an estimate."""
        raise TargetError(f"no estimate for '{self.name}'; compare schedules by a cost model")

    def special(self, task: Task[Any]) -> tuple[int, int, int] | None:
        """A dynamic dim, with its least and most steps for which a dispatch had better have code of
        its own; None for most dispatches."""
        return None

    def default_is_right(self, workload: Workload) -> bool:
        """Whether IREE's default gives right values, so that it may be chosen."""
        return True

    def serves(self, workload: Workload) -> bool:
        """Whether schedules of a dispatch, which may be `assumed`, serve every length of it."""
        unknown = workload.any_length
        some = (pipeline.any_length(workload) for pipeline in self.pipelines)
        return workload.static and (not unknown or any(unknown <= set(dims) for dims in some))

    def task(self, workload: Workload, target: T) -> DispatchTask[T]:
        """The task of lowering a dispatch."""
        return DispatchTask(workload, target, self)

    def space(self, task: Task[Any]) -> Space:
        """The decisions for one dispatch, from the start."""
        default = (DEFAULT,) if self.default_is_right(task.workload) else ()
        some = (
            pipeline.token
            for pipeline in self.pipelines
            if task.workload.any_length <= set(pipeline.any_length(task.workload))
            and pipeline.applies(task)
        )
        token = yield Choice(PIPELINE, (*default, *some))
        if token != DEFAULT:
            yield from self._meant(task.workload, str(token)).knobs(task)

    def pipeline(self, task: Task[Any], schedule: Schedule) -> Pipeline:
        """The pipeline of a schedule but the default, which need not be of the space."""
        return self._meant(task.workload, schedule.pipeline)

    def _meant(self, workload: Workload, token: str) -> Pipeline:
        for pipeline in self.pipelines:
            if pipeline.token == token and pipeline.suits(workload):
                return pipeline
        raise TargetError(f"'{self.name}' has no '{token}' for such a dispatch; decode it anew")

    def configure(self, task: Task[Any], schedule: Schedule) -> Configuration:
        """What a schedule but the default becomes in the IR."""
        return self.pipeline(task, schedule).configure(task, schedule)

    def read_back(self, task: Task[Any], text: str) -> Schedule | None:
        """The schedule closest to what IREE chose by itself; None where nothing here is alike."""
        configured = attributes.read(text)
        for pipeline in self.pipelines:
            if pipeline.suits(task.workload):
                found = pipeline.read_back(task, configured)
                if found is not None:
                    return found
        return None


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
