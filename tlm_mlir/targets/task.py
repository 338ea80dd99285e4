# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A task: what is asked about one workload on one target, and what its answers are like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from ..ir.workload import Workload
from ..language import schedule as schedules
from ..language.grammar import Grammar
from ..language.prompt import DECIDE, MAX_TOKENS, prompt_tokens
from ..language.schedule import END, LEFT, Schedule
from ..language.space import Space
from ..language.vocabulary import ID
from .features import Features
from .target import Target

T = TypeVar("T", bound=Target)
T_co = TypeVar("T_co", bound=Target, covariant=True)


class Question(Protocol):
    """A kind of decision: how a dispatch is lowered on a backend, or what becomes of an op before
    dispatches are formed."""

    @property
    def token(self) -> str:
        """The word that closes a prompt."""

    @property
    def unit(self) -> str:
        """What an `estimate` is in: "seconds", or "clocks" where no frequency is known."""

    def estimates(self, task: Task[Any]) -> bool:
        """Whether schedules have a static `estimate`, by which they are compared where nobody has
        measured any."""

    def family(self, task: Task[Any]) -> str:
        """What kind of task it is among those of the question: each has a cost model of its own.
        Empty for the usual kind."""

    @property
    def complete(self) -> bool:
        """Whether sketches and the default are all schedules there are, so that no model is asked.
        """

    def sketches(self, task: Task[Any]) -> Sequence[Schedule]:
        """Schedules to consider besides what a model writes."""

    def reference(self, task: Task[Any]) -> Schedule | None:
        """The sketch that a cost model compares schedules with; None where that is IREE's default.
        Its own lead over the default is the estimate's."""

    def again(self, task: Task[Any], schedule: Schedule) -> int:
        """How often a schedule computes what once would do."""

    def remedy(self, task: Task[Any], baseline: Schedule) -> tuple[Schedule, float] | None:
        """A schedule in place of what IREE does where that is known to compute things again, and
        the log of the latency by count over that of IREE's default; None elsewhere."""

    def corrects(self, task: Task[Any], schedule: Schedule) -> bool:
        """Whether a cost model predicts by how much the estimate of a schedule errs, against that
        of IREE's default."""

    @property
    def margin(self) -> float | None:
        """Least predicted lead (in log latency) by which a schedule replaces IREE's default; None
        for that of the scheduler."""

    def space(self, task: Task[Any]) -> Space:
        """The decisions, from the start."""

    def features(
        self, task: Task[Any], schedules: Sequence[Schedule], baseline: Schedule | None
    ) -> list[Features]:
        """Features of each schedule but the default, by name, for a cost model; `baseline` is what
        IREE does by itself, None where that is not known."""

    def estimate(self, task: Task[Any], schedule: Schedule) -> float:
        """How long a schedule is estimated to take, in the question's `unit`. Raises
        TargetError where nothing `estimates` it."""


class PlainQuestion:
    """What most questions answer: all tasks are of one kind, nothing but IREE's default is known
    before a model writes, and a cost model says all that it is asked by itself."""

    complete: ClassVar[bool] = False

    def family(self, task: Task[Any]) -> str:
        """The usual kind."""
        return ""

    def sketches(self, task: Task[Any]) -> Sequence[Schedule]:
        """None."""
        return ()

    def reference(self, task: Task[Any]) -> Schedule | None:
        """IREE's default."""
        return None

    def again(self, task: Task[Any], schedule: Schedule) -> int:
        """Once."""
        return 1

    def remedy(self, task: Task[Any], baseline: Schedule) -> tuple[Schedule, float] | None:
        """None."""
        return None

    def corrects(self, task: Task[Any], schedule: Schedule) -> bool:
        """No."""
        return False


@dataclass(frozen=True)
class Task(Generic[T_co]):
    """One question about one workload on one target.

    `sources` tell of an op of a program where each input comes from (`ir.sources`).
    """

    workload: Workload
    target: T_co
    question: Question
    sources: tuple[str, ...] = ()

    def space(self) -> Space:
        """A fresh walk through the decisions."""
        return self.question.space(self)

    def grammar(self) -> Grammar:
        """The grammar of the decisions."""
        return Grammar(self.space)

    @cached_property
    def _first(self) -> list[str]:
        """The tokens that a schedule may begin with."""
        return self.grammar().cursor().allowed()

    @cached_property
    def default(self) -> Schedule | None:
        """The schedule "leave it to IREE"; None where what IREE does gives wrong values."""
        found = [token for token in self._first if token in LEFT]
        return self.decode([found[0], END]) if found else None

    @cached_property
    def one_token(self) -> list[Schedule]:
        """All schedules, where each is one token; else none."""
        grammar = self.grammar()
        for token in self._first:
            cursor = grammar.cursor()
            cursor.push(ID[token])
            if cursor.allowed() != [END]:
                return []
        return [self.decode([token, END]) for token in self._first]

    @property
    def estimated(self) -> bool:
        """Whether schedules have a static estimate."""
        return self.question.estimates(self)

    @cached_property
    def family(self) -> str:
        """What kind of task it is among those of its question; empty for the usual kind."""
        return self.question.family(self)

    def sketches(self) -> Sequence[Schedule]:
        """Schedules to consider besides what a model writes."""
        return self.question.sketches(self)

    @cached_property
    def reference(self) -> Schedule | None:
        """The sketch that a cost model compares schedules with; None where that is IREE's default.
        """
        return self.question.reference(self)

    def again(self, schedule: Schedule | None) -> int:
        """How often a schedule computes what once would do; 1 of one that is not known."""
        return self.question.again(self, schedule) if schedule else 1

    def remedy(self, baseline: Schedule | None) -> tuple[Schedule, float] | None:
        """A schedule in place of what IREE does where that is known to compute things again, and
        the log of the latency by count over that of IREE's default; None elsewhere."""
        return self.question.remedy(self, baseline) if baseline else None

    def corrected(self, schedule: Schedule) -> bool:
        """Whether a cost model predicts by how much the estimate of a schedule errs, against that
        of IREE's default."""
        return self.question.corrects(self, schedule)

    @property
    def cost_model(self) -> str:
        """The name of the cost model that compares its schedules."""
        token = "" if self.question.token == DECIDE else self.question.token
        return "-".join(part for part in (self.target.backend, token, self.family) if part)

    @property
    def schedulable(self) -> bool:
        """Whether there is anything but IREE's default."""
        return not set(self._first) <= set(LEFT)

    def random(self, rng: np.random.Generator) -> Schedule:
        """A schedule drawn token by token, never the default. There must be others."""
        tokens = [LEFT[0]]
        while tokens[0] in LEFT:
            tokens = self.grammar().sample(rng)
        return self.decode(tokens)

    def encode(self, schedule: Schedule) -> list[str]:
        """Token strings of a schedule, closed by `<end>`."""
        return schedules.encode(schedule, self.space)

    def decode(self, tokens: Iterable[str], words: int | None = None) -> Schedule:
        """The schedule that the tokens spell. Raises InputError where they leave the space.

        They may be of an earlier vocabulary, the first `words` of today's (`schedule.decode`).
        """
        return schedules.decode(tokens, self.space, words)

    def text(self, schedule: Schedule) -> str:
        """The tokens of a schedule as one line, which records hold."""
        return " ".join(self.encode(schedule))

    def parse(self, text: str, words: int | None = None) -> Schedule:
        """The schedule that such a line spells; `words` as `decode` has it. Raises InputError where
        it leaves the space."""
        return self.decode(text.split(), words)

    @cached_property
    def prompt_tokens(self) -> list[str]:
        """Token strings of the prompt that asks the question."""
        return prompt_tokens(self.workload, self.target, self.question.token)

    @property
    def prompt(self) -> list[int]:
        """Token ids of the prompt."""
        return [ID[token] for token in self.prompt_tokens]

    @property
    def readable(self) -> bool:
        """Whether the model can read the prompt: a long one it cannot."""
        return len(self.prompt_tokens) <= MAX_TOKENS

    def features(
        self, schedules: Sequence[Schedule], baseline: Schedule | None
    ) -> list[Features]:
        """Features of each schedule but the default, by name, for a cost model; `baseline` is what
        IREE does by itself, None where that is not known."""
        return self.question.features(self, schedules, baseline)

    def estimate(self, schedule: Schedule) -> float:
        """How long a schedule is estimated to take, in the question's `unit`.

        Not the default. Raises TargetError where there is no estimate.
        """
        return self.question.estimate(self, schedule)
