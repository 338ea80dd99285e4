# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules: the decisions for one workload on one target, and their tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from ..errors import InputError
from .known import Known
from .space import Knob, Mark, Space, Value

END = "<end>"
PIPELINE, DEFAULT = "pipeline", "pipeline:default"
"""The knob that every schedule of a dispatch begins with, and its option to leave it to IREE."""
LEAVE = "graph:leave"
"""What leaves an op of a program as it is."""
LEFT = (DEFAULT, LEAVE)
"""The options that leave a decision to IREE. A schedule with one of them has no other decision."""


@dataclass(frozen=True)
class Decision:
    """One knob's value: its name, the dim it is about (-1 for none) and what was chosen."""

    name: str
    dim: int
    value: Value


@dataclass(frozen=True)
class Schedule:
    """Decisions in the order in which the target's space asks for them."""

    decisions: tuple[Decision, ...]

    @property
    def is_default(self) -> bool:
        """Whether it leaves everything to IREE."""
        return any(decision.value in LEFT for decision in self.decisions[:1])

    @property
    def pipeline(self) -> str:
        """The pipeline of IREE's that lowers a dispatch; empty for a schedule of something else."""
        return self.choice(PIPELINE)

    @cached_property
    def _values(self) -> dict[tuple[str, int], Value]:
        return {(decision.name, decision.dim): decision.value for decision in self.decisions}

    def choice(self, name: str, default: str = "") -> str:
        """The option chosen for `name`, or `default` when it was not asked."""
        return str(self._values.get((name, -1), default))

    def size(self, name: str, dim: int, default: int = 0) -> int:
        """The size of a level and dim, or `default` when it was not asked."""
        value = self._values.get((name, dim), default)
        assert isinstance(value, int)
        return value

    def order(self, name: str) -> tuple[int, ...]:
        """The order of dims chosen for `name`, or () when it was not asked."""
        value = self._values.get((name, -1), ())
        assert isinstance(value, tuple)
        return value


def encode(schedule: Schedule, space: Callable[[], Space]) -> list[str]:
    """Token strings of a schedule, closed by `<end>`. `space` makes the generator it belongs to."""
    values = iter(schedule.decisions)
    tokens: list[str] = []
    walk = space()
    knob = next(walk, None)
    while knob is not None:
        value: Value = knob.name if isinstance(knob, Mark) else next(values).value
        tokens += knob.tokens(value)
        knob = _send(walk, value)
    return [*tokens, END]


def decode(
    tokens: Iterable[str], space: Callable[[], Space], words: int | None = None
) -> Schedule:
    """The schedule that the tokens spell.

    They may be of an earlier vocabulary, the first `words` of today's: what that has no words for
    is not spelled, and decided as it was before (`known.Known`).

    Raises InputError where they leave the space: nothing outside of it can become a schedule.
    """
    stream = iter(tokens)
    decisions = []
    known = Known(words)
    walk = space()
    knob = next(walk, None)
    while knob is not None:
        value = knob.parse(stream) if known.asks(knob) else knob.first
        if not isinstance(knob, Mark):
            decisions.append(Decision(knob.name, knob.dim, value))
        knob = _send(walk, value)
    rest = list(stream)
    if rest != [END]:
        text = " ".join(rest[:4])
        raise InputError(f"a schedule must close with '{END}' but '{text}' follows it")
    return Schedule(tuple(decisions))


def _send(walk: Space, value: Value) -> Knob | None:
    try:
        return walk.send(value)
    except StopIteration:
        return None
