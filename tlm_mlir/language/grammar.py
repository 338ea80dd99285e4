# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The grammar: which tokens may follow, so that every finished sequence is a legal schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..errors import InputError
from .known import Known
from .schedule import END, Schedule, decode
from .space import Knob, Space, Value
from .vocabulary import ID, SIZE, TOKENS


class Cursor:
    """A place in one schedule's token sequence.

    `mask()` tells what may come next, `push(token)` moves on, `done` is true after `<end>`. A model
    of the first `words` of the vocabulary is offered these alone: what it has no words for is
    decided unasked (`known.Known`), and shows in `schedule()` alone.
    """

    def __init__(self, space: Callable[[], Space], words: int | None = None) -> None:
        self._space = space
        self._known = Known(words)
        self._walk = space()
        self._knob: Knob | None = next(self._walk, None)
        self._prefix: list[str] = []
        self._pushed: list[str] = []
        self._allowed = self._first()
        self.done = False

    def allowed(self) -> list[str]:
        """Token strings that may follow."""
        return self._allowed

    def _first(self) -> list[str]:
        """The tokens that the next knob which is asked may begin with."""
        while self._knob is not None:
            if self._known.asks(self._knob):
                return self._known.open(self._knob.allowed([]))
            value = self._knob.first
            self._pushed += self._knob.tokens(value)
            self._knob = _send(self._walk, value)
        return [END]

    def mask(self) -> np.ndarray:
        """Boolean mask over the vocabulary, shape [SIZE]."""
        mask = np.zeros(SIZE, dtype=bool)
        mask[[ID[token] for token in self.allowed()]] = True
        return mask

    def push(self, token: int) -> None:
        """Takes one token id. Raises InputError when the grammar forbids it here."""
        text = TOKENS[token]
        if text not in self._allowed:
            raise InputError(f"the token '{text}' may not follow '{' '.join(self._pushed[-3:])}'")
        self._pushed.append(text)
        if self._knob is None:
            self.done, self._allowed = True, []
            return
        self._prefix.append(text)
        # Worked out once a token: it is asked for at every step of a generation.
        self._allowed = self._known.open(self._knob.allowed(self._prefix))
        if not self._allowed:
            value: Value = self._knob.parse(iter(self._prefix))
            self._prefix = []
            self._knob = _send(self._walk, value)
            self._allowed = self._first()

    def schedule(self) -> Schedule:
        """The finished schedule. Raises InputError before `<end>`."""
        if not self.done:
            raise InputError("the schedule is not finished; push tokens until done")
        return decode(self._pushed, self._space)


class Grammar:
    """The schedules of one decision space."""

    def __init__(self, space: Callable[[], Space]) -> None:
        self._space = space

    def cursor(self, words: int | None = None) -> Cursor:
        """A cursor before the first token, for a model of the first `words` of the vocabulary."""
        return Cursor(self._space, words)

    def sample(self, rng: np.random.Generator) -> list[str]:
        """Token strings of a schedule, each token drawn evenly among the legal ones."""
        return list(self._sampled(rng))

    def _sampled(self, rng: np.random.Generator) -> Iterator[str]:
        cursor = self.cursor()
        while not cursor.done:
            allowed = cursor.allowed()
            token = allowed[int(rng.integers(len(allowed)))]
            cursor.push(ID[token])
            yield token


def _send(walk: Space, value: Value) -> Knob | None:
    try:
        return walk.send(value)
    except StopIteration:
        return None
