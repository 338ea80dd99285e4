# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writing schedules: the language model continues the prompts of tasks under their grammars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..language.grammar import Cursor
from ..language.known import spelled
from ..language.prompt import MAX_TOKENS, header
from ..language.schedule import END, LEFT, Schedule
from ..language.vocabulary import ID, PERF
from ..model.generate import generate
from ..model.last_logits import last_logits
from ..model.prefill import Prompt, Tokens, prefill
from ..model.shapes import ROW
from ..model.step import Step
from ..targets.target import Target
from ..targets.task import Task


class Writer:
    """A model that writes schedules. All tasks of a call are for one target.

    The model may be of an earlier vocabulary: what it has no word for is decided unasked
    (`language.known`).
    """

    def __init__(self, step: Step) -> None:
        self._step = step
        self._words = step.size.vocabulary
        self._headers: dict[Tokens, Prompt] = {}

    def write(
        self, tasks: Sequence[Task], temperatures: Sequence[float], seed: int
    ) -> list[list[Schedule]]:
        """Schedules of each task, asked for the best performance: one for each temperature (0 is
        greedy). The same input gives the same output.

        Where there is nothing to generate, one schedule counts for all: where every answer is one
        token, which is read off the prompts, and where the model cannot be asked.
        """
        asked = [place for place, task in enumerate(tasks) if self._asks(task)]
        some = [tasks[place] for place in asked]
        if all(self._one_token(task) for task in some):
            written = [[schedule] for schedule in self._read_off(some)]
        else:
            written = self._generate(some, temperatures, seed)
        found = dict(zip(asked, written, strict=True))
        return [
            found[place] if place in found else [self._unasked(task)]
            for place, task in enumerate(tasks)
        ]

    def _asks(self, task: Task) -> bool:
        """Whether the model can read the question, and has words for more than one answer."""
        return self._reads(task) and not set(self._cursor(task).allowed()) <= {END, *LEFT}

    def _reads(self, task: Task) -> bool:
        """Whether the model knows the question; new words that it spells may be too many."""
        known = ID[task.question.token] < self._words
        return known and len(self._prompt(task)) <= MAX_TOKENS

    def _unasked(self, task: Task) -> Schedule:
        if not self._reads(task):
            return task.decode([END], 0)
        (token,) = self._cursor(task).allowed()
        return task.decode([END] if token == END else [token, END], self._words)

    def _prompt(self, task: Task) -> list[int]:
        return spelled(task.prompt_tokens, self._words)

    def _cursor(self, task: Task) -> Cursor:
        return task.grammar().cursor(self._words)

    def _generate(
        self, tasks: Sequence[Task], temperatures: Sequence[float], seed: int
    ) -> list[list[Schedule]]:
        prompts = [self._prompt(task) for task in tasks]
        copies = len(temperatures)
        cursors = [self._cursor(task) for task in tasks for _ in range(copies)]
        generate(
            self._step,
            [item for item in prompts for _ in range(copies)],
            cursors,
            perf_token=ID[PERF[0]],
            temperature=[heat for _ in prompts for heat in temperatures],
            seed=seed,
            prefilled=self._prefill(prompts, tasks[0].target),
        )
        schedules = [cursor.schedule() for cursor in cursors]
        return [schedules[i : i + copies] for i in range(0, len(schedules), copies)]

    def _read_off(self, tasks: Sequence[Task]) -> list[Schedule]:
        if not tasks:
            return []
        target = tasks[0].target
        prompts, rests = [], []
        for task in tasks:
            question = [*self._prompt(task), ID[PERF[0]]]
            # The rest goes through the model in one piece where it can.
            known = max(len(header(target, self._words)), len(question) - ROW)
            prompts.append(question[:known])
            rests.append(question[known:])
        logits = last_logits(self._step, prompts, rests, self._prefill(prompts, target))
        cursors = [self._cursor(task) for task in tasks]
        allowed = np.array([cursor.mask() for cursor in cursors])
        best = np.where(allowed, logits, -np.inf).argmax(-1)
        for cursor, token in zip(cursors, best, strict=True):
            cursor.push(int(token))
            cursor.push(ID[END])
        return [cursor.schedule() for cursor in cursors]

    def _prefill(self, prompts: Sequence[Sequence[int]], target: Target) -> dict[Tokens, Prompt]:
        """The prompts run through the model, what they say of the target only once."""
        start = tuple(header(target, self._words))
        if start not in self._headers:
            self._headers |= prefill(self._step, [start])
        rest = [tokens for tokens in prompts if tuple(tokens) != start]
        return self._headers | prefill(self._step, rest, self._headers[start])

    def _one_token(self, task: Task) -> bool:
        """Whether every schedule that the model may write is one token."""
        tokens = self._cursor(task).allowed()
        return all(_ends(self._cursor(task), token) for token in tokens)


def _ends(cursor: Cursor, token: str) -> bool:
    """Whether nothing but the end may follow a first token."""
    cursor.push(ID[token])
    return cursor.allowed() == [END]
