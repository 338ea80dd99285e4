# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The scheduler: asks the model for the schedules of workloads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import CheckpointError
from ..language.prompt import header
from ..language.schedule import Schedule
from ..language.vocabulary import ID, PERF, TOKENS
from ..model.checkpoint import load
from ..model.generate import generate
from ..model.last_logits import last_logits
from ..model.prefill import Prompt, Tokens, prefill
from ..model.shapes import ROW
from ..model.step import Step
from ..model.trees import Trees
from ..targets import registry
from ..targets.target import Target
from ..targets.task import Task

MARGIN = 0.3
"""How much faster (in log latency) a schedule must be foretold to be before it replaces IREE's
default. Set on the validation workloads (model/README.md)."""
ESTIMATED_SAMPLES = 7
"""Schedules that are drawn besides the greedy one where a static estimate chooses: it does not err
by itself, so the more the better; every 32 take 0.2 s to write on two cores with AVX2."""


class Scheduler:
    """A loaded model. Opening takes a tenth of a second once its step is compiled and cached."""

    def __init__(self, directory: Path | None = None) -> None:
        """Raises CheckpointError for a checkpoint that is missing, damaged or of other words."""
        self._checkpoint = load(directory)
        self.identity = self._checkpoint.identity
        self._step = Step.open(self._checkpoint)
        self._step.warm_up()
        self._judges = {
            backend: Trees.load(self._checkpoint.judge(backend))
            for backend in self._checkpoint.judged()
        }
        self._headers: dict[Tokens, Prompt] = {}
        self.margin = MARGIN

    def schedule(
        self,
        tasks: Sequence[Task],
        own: Sequence[Schedule | None],
        samples: int | None = None,
        seed: int = 0,
    ) -> list[Schedule]:
        """One schedule for each task: one greedy generation, kept where it beats the default.

        All tasks are for one target. `own` is what IREE would do with each (`compiler.own`), None
        where that is not known: the judge foretells how a schedule compares with it. With `samples`
        the model also draws that many more per task, and the best judged is kept; unless told, it
        does so by an estimate alone (ESTIMATED_SAMPLES). Nothing is measured. The same input gives
        the same output. Raises CheckpointError if the target has neither judge nor estimate.
        """
        if not tasks:
            return []
        if samples is None:
            samples = 0 if self.judges(tasks[0].target) else ESTIMATED_SAMPLES
        copies = 1 + samples
        prompts = [task.prompt for task in tasks]
        written = generate(
            self._step,
            [item for item in prompts for _ in range(copies)],
            [task.grammar().cursor() for task in tasks for _ in range(copies)],
            perf_token=ID[PERF[0]],
            temperature=[0.0 if i == 0 else 1.0 for _ in prompts for i in range(copies)],
            seed=seed,
            prefilled=self._prefill(prompts, tasks[0].target),
        )
        options = [
            [self._decode(tokens, task) for tokens in written[i : i + copies]]
            for task, i in zip(tasks, range(0, len(written), copies), strict=True)
        ]
        foretold = self.foretell(tasks, own, options)
        return [
            self._better(some, logs, task.default)
            for some, logs, task in zip(options, foretold, tasks, strict=True)
        ]

    def judges(self, target: Target) -> bool:
        """Whether a judge that was trained on measurements foretells for the target. If not, a
        static estimate does: a judge serves other targets than those measured only where there is
        no estimate. Raises CheckpointError where there is neither."""
        judge = self._judges.get(target.backend)
        if registry.backend(target).estimated:
            return judge is not None and target.to_json() in judge.targets
        if judge is not None:
            return True
        raise CheckpointError(
            f"checkpoint {self._checkpoint.directory} has no judge for {target.backend}; make"
            " one with `tlm-mlir cost-model`"
        )

    def _better(
        self, some: Sequence[Schedule], foretold: np.ndarray, standard: Schedule | None
    ) -> Schedule:
        """The best of some schedules, or IREE's default where none has a clear lead over it."""
        best = int(foretold.argmin())
        if standard is not None and foretold[best] >= -self.margin:
            return standard
        return some[best]

    @staticmethod
    def _decode(tokens: Sequence[int], task: Task) -> Schedule:
        return task.decode([TOKENS[token] for token in tokens])

    def foretell(
        self,
        tasks: Sequence[Task],
        own: Sequence[Schedule | None],
        options: Sequence[Sequence[Schedule]],
    ) -> list[np.ndarray]:
        """For each task, the log latency over that of IREE's default that each of its schedules
        stays under more often than not (training/fit/cost_model.py); 0 for the default itself. For
        a target without a judge, what a static estimate says.

        Raises CheckpointError if the target has neither.
        """
        if not tasks:
            return []
        if not self.judges(tasks[0].target):
            return [
                np.array([_estimate(task, mine, s) for s in some])
                for task, mine, some in zip(tasks, own, options, strict=True)
            ]
        judge = self._judges[tasks[0].target.backend]
        facts: list[dict[str, float]] = []
        for task, mine, some in zip(tasks, own, options, strict=True):
            rest = [schedule for schedule in some if not schedule.is_default]
            if rest:
                facts += task.features(rest, mine)
        logs = iter(judge(judge.rows(facts)))
        return [
            np.array([0.0 if schedule.is_default else next(logs) for schedule in some])
            for some in options
        ]

    def choose(self, tasks: Sequence[Task]) -> list[str]:
        """The graph-level token for each op: what the model writes when asked for speed.

        An answer is one token, so the question needs no generation: it is read off the prompt.
        """
        if not tasks:
            return []
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
        return [TOKENS[token] for token in best]

    def _prefill(self, prompts: Sequence[Sequence[int]], target: Target) -> dict[Tokens, Prompt]:
        """The prompts run through the model, what they say of the target only once."""
        start = tuple(header(target))
        if start not in self._headers:
            self._headers |= prefill(self._step, [start])
        rest = [tokens for tokens in prompts if tuple(tokens) != start]
        return self._headers | prefill(self._step, rest, self._headers[start])

    def sample(self, task: Task, count: int, seed: int) -> list[Schedule]:
        """`count` schedules: the greedy one, then samples; never the default."""
        question = task.prompt
        written = generate(
            self._step,
            [question] * count,
            [task.grammar().cursor() for _ in range(count)],
            perf_token=ID[PERF[0]],
            temperature=[0.0 if i == 0 else 0.6 + 0.8 * i / count for i in range(count)],
            seed=seed,
            prefilled=self._prefill([question], task.target),
        )
        found = [self._decode(tokens, task) for tokens in written]
        return [schedule for schedule in found if not schedule.is_default]


def _estimate(task: Task, own: Schedule | None, schedule: Schedule) -> float:
    """The log of a schedule's estimate over that of IREE's own choice, which must be known."""
    if schedule.is_default:
        return 0.0
    if own is None:
        return math.inf
    return math.log(task.estimate(schedule) / task.estimate(own))
