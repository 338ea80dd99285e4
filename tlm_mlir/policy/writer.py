# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writing schedules: the language model continues the prompts of tasks under their grammars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..language.grammar import Cursor
from ..language.prompt import header
from ..language.schedule import END, Schedule
from ..language.vocabulary import ID, PERF, TOKENS
from ..model.generate import generate
from ..model.last_logits import last_logits
from ..model.prefill import Prompt, Tokens, prefill
from ..model.shapes import ROW
from ..model.step import Step
from ..targets.target import Target
from ..targets.task import Task


class Writer:
    """A model that writes schedules. All tasks of a call are for one target."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._headers: dict[Tokens, Prompt] = {}

    def write(
        self, tasks: Sequence[Task], temperatures: Sequence[float], seed: int
    ) -> list[list[Schedule]]:
        """Schedules of each task, asked for the best performance: one for each temperature (0 is
        greedy). The same input gives the same output.

        Where every answer is one token there is nothing to generate: the greedy one is read off the
        prompts, and counts for all.
        """
        if all(_one_token(task) for task in tasks):
            return [[schedule] for schedule in self._read_off(tasks)]
        prompts = [task.prompt for task in tasks]
        copies = len(temperatures)
        written = generate(
            self._step,
            [item for item in prompts for _ in range(copies)],
            [task.grammar().cursor() for task in tasks for _ in range(copies)],
            perf_token=ID[PERF[0]],
            temperature=[heat for _ in prompts for heat in temperatures],
            seed=seed,
            prefilled=self._prefill(prompts, tasks[0].target),
        )
        return [
            [task.decode([TOKENS[token] for token in tokens]) for tokens in written[i : i + copies]]
            for task, i in zip(tasks, range(0, len(written), copies), strict=True)
        ]

    def _read_off(self, tasks: Sequence[Task]) -> list[Schedule]:
        target = tasks[0].target
        prompts, rests = [], []
        for task in tasks:
            question = [*task.prompt, ID[PERF[0]]]
            # The rest goes through the model in one piece where it can.
            known = max(len(header(target)), len(question) - ROW)
            prompts.append(question[:known])
            rests.append(question[known:])
        logits = last_logits(self._step, prompts, rests, self._prefill(prompts, target))
        allowed = [task.grammar().cursor().mask() for task in tasks]
        best = np.where(np.array(allowed), logits, -np.inf).argmax(-1)
        return [
            task.decode([TOKENS[token], END]) for task, token in zip(tasks, best, strict=True)
        ]

    def _prefill(self, prompts: Sequence[Sequence[int]], target: Target) -> dict[Tokens, Prompt]:
        """The prompts run through the model, what they say of the target only once."""
        start = tuple(header(target))
        if start not in self._headers:
            self._headers |= prefill(self._step, [start])
        rest = [tokens for tokens in prompts if tuple(tokens) != start]
        return self._headers | prefill(self._step, rest, self._headers[start])


def _one_token(task: Task) -> bool:
    """Whether every schedule of a task is one token."""
    return all(_ends(task.grammar().cursor(), token) for token in task.grammar().cursor().allowed())


def _ends(cursor: Cursor, token: str) -> bool:
    """Whether nothing but the end may follow a first token."""
    cursor.push(ID[token])
    return cursor.allowed() == [END]
