# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The scheduler: a loaded model, which is asked for the schedules of tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..language.schedule import Schedule
from ..model.checkpoint import load
from ..model.step import Step
from ..targets.task import Task
from .compare import COUNT, ESTIMATE, Comparer
from .cost_model import CostModel
from .writer import Writer

MARGIN = 0.3
"""Least predicted lead (in log latency) by which a schedule replaces IREE's default. Set on the
validation workloads (model/README.md)."""
ESTIMATED_SAMPLES = 7
"""Schedules that are drawn besides the greedy one where a static estimate chooses: it does not err
by itself, so the more the better; every 32 take 0.2 s to write on two cores with AVX2."""

UNWRITTEN = 0.2
"""What is taken off the lead that an estimate sees in a one-token schedule that the model did not
write. All of them are compared: the model knows f32 alone, and not where operands come from."""


@dataclass(frozen=True)
class Candidate:
    """A schedule that was compared, and the log of its predicted latency over that of IREE's
    default. Of one that the model did not write, `handicap` is taken off its lead. `written` says
    whether the model wrote it."""

    schedule: Schedule
    predicted: float
    handicap: float = 0.0
    written: bool = field(default=True, compare=False)


@dataclass(frozen=True)
class Answer:
    """What is decided about one task.

    `predicted` is the log of the latency of the best schedule written over that of IREE's default,
    and `compared_by` what predicted it; None and empty where nothing did. The `schedule` is the
    default where that lead is not clear, which means more than `margin`. `candidates` are all that
    were compared, the best first, each once. `why` says why it is the default where that was not
    decided by comparing. `written` says whether the model wrote the schedule; if not, it is the
    default, a sketch, one of a few options that an estimate compared, or out of a script.
    """

    schedule: Schedule
    predicted: float | None = None
    compared_by: str = ""
    margin: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    why: str = ""
    written: bool = True


class Scheduler:
    """A loaded model. Opening takes a tenth of a second once its step is compiled and cached."""

    def __init__(self, directory: Path | None = None) -> None:
        """Raises CheckpointError for a checkpoint that is missing, damaged or of other words."""
        checkpoint = load(directory)
        self.identity = checkpoint.identity
        step = Step.open(checkpoint)
        step.warm_up()
        self._writer = Writer(step)
        models = {
            name: CostModel.load(checkpoint.cost_model(name)) for name in checkpoint.cost_models()
        }
        self._comparer = Comparer(models, str(checkpoint.directory))
        self.margin = MARGIN

    def ask(
        self,
        tasks: Sequence[Task],
        baselines: Sequence[Schedule | None],
        samples: int | None = None,
        seed: int = 0,
    ) -> list[Answer]:
        """An answer for each task, whatever it is about and for.

        The model writes one schedule greedily. It, or a sketch of the question's, is kept where it
        is predicted to beat IREE's default clearly. `baselines` are what IREE does by itself, None
        where that is not known.
        With `samples` the model also draws that many more per task, and the best predicted counts;
        unless told, it does so for dispatches compared by an estimate (ESTIMATED_SAMPLES). Nothing
        is measured. The same input gives the same output. Raises CheckpointError for a dispatch
        that neither a cost model nor an estimate serves.
        """
        answers: dict[int, Answer] = {}
        for places in _alike(tasks):
            some = [tasks[i] for i in places]
            found = self._ask(some, [baselines[i] for i in places], samples, seed)
            answers |= zip(places, found, strict=True)
        return [answers[place] for place in range(len(tasks))]

    def compared_by(self, task: Task) -> str:
        """What schedules of a task are compared by (`policy.compare`); empty for nothing."""
        return self._comparer.compared_by(task)

    def predict(
        self,
        tasks: Sequence[Task],
        baselines: Sequence[Schedule | None],
        options: Sequence[Sequence[Schedule]],
    ) -> list[np.ndarray]:
        """What `Comparer.predict` says of some schedules of each task."""
        return self._comparer.predict(tasks, baselines, options)

    def sample(self, task: Task, count: int, seed: int) -> list[Schedule]:
        """Up to `count` schedules: the greedy one, then samples; never the default."""
        temperatures = [0.0 if i == 0 else 0.6 + 0.8 * i / count for i in range(count)]
        (found,) = self._writer.write([task], temperatures, seed)
        return [schedule for schedule in found if not schedule.is_default]

    def _ask(
        self,
        tasks: Sequence[Task],
        baselines: Sequence[Schedule | None],
        samples: int | None,
        seed: int,
    ) -> list[Answer]:
        """Answers for tasks of one target and one kind of question."""
        compared_by = self.compared_by(tasks[0])
        sketches = [task.sketches() for task in tasks]
        if samples is None:
            samples = ESTIMATED_SAMPLES if compared_by == ESTIMATE and not any(sketches) else 0
        if tasks[0].question.complete:
            written = [[task.default] if task.default else [] for task in tasks]
        else:
            written = self._writer.write(tasks, [0.0] + [1.0] * samples, seed)
        options = [[*ours, *some] for ours, some in zip(written, sketches, strict=True)]
        if not compared_by:
            return [Answer(some[0]) for some in options]
        unwritten = [
            [other for other in task.one_token if not other.is_default and other not in some]
            if task.estimated
            else []
            for task, some in zip(tasks, options, strict=True)
        ]
        every = [[*some, *others] for some, others in zip(options, unwritten, strict=True)]
        predicted = [
            logs + _again(task, baseline, some)
            for task, baseline, some, logs in zip(
                tasks, baselines, every, self.predict(tasks, baselines, every), strict=True
            )
        ]
        answers = [
            self._answer(task, some, logs, compared_by, len(others))
            for task, some, logs, others in zip(tasks, every, predicted, unwritten, strict=True)
        ]
        answers = [
            _remedied(task, baseline, answer)
            for task, baseline, answer in zip(tasks, baselines, answers, strict=True)
        ]
        return [_signed(answer, ours) for answer, ours in zip(answers, written, strict=True)]

    def _answer(
        self,
        task: Task,
        some: Sequence[Schedule],
        logs: np.ndarray,
        compared_by: str,
        unwritten: int = 0,
    ) -> Answer:
        """The best of some schedules, or IREE's default where none has a clear lead over it.

        The model did not write the last `unwritten` ones.
        """
        handicap = UNWRITTEN if compared_by == ESTIMATE else 0.0
        handicaps = handicap * (np.arange(len(logs)) >= len(logs) - unwritten)
        leads = logs + handicaps
        compared: dict[Schedule, Candidate] = {}
        for place in leads.argsort(kind="stable"):
            found = Candidate(some[place], float(logs[place]), float(handicaps[place]))
            compared.setdefault(found.schedule, found)
        best = next(iter(compared.values()))
        margin = self.margin if task.question.margin is None else task.question.margin
        if task.reference is not None:
            # Of what has a sketch, IREE's default is many times slower than an estimate has it.
            margin = 0.0
        chosen = best.schedule
        if task.default is not None and best.predicted + best.handicap >= -margin:
            chosen = task.default
        return Answer(chosen, best.predicted, compared_by, margin, tuple(compared.values()))


def _signed(answer: Answer, written: Sequence[Schedule]) -> Answer:
    """An answer that says what of it the model wrote."""
    candidates = tuple(replace(c, written=c.schedule in written) for c in answer.candidates)
    return replace(answer, candidates=candidates, written=answer.schedule in written)


def _again(task: Task, baseline: Schedule | None, some: Sequence[Schedule]) -> np.ndarray:
    """What is added to logs of latencies where more is computed again than IREE does."""
    counts = np.array([1 if schedule.is_default else task.again(schedule) for schedule in some])
    return np.maximum(0.0, np.log(counts / task.again(baseline)))


def _remedied(task: Task, baseline: Schedule | None, answer: Answer) -> Answer:
    """An answer, or the remedy for what IREE does where there is one. The cost model has no records
    of the like, and what it says of such a dispatch does not count."""
    found = task.remedy(baseline)
    if found is None or found[1] >= -answer.margin:
        return answer
    schedule, predicted = found
    others = tuple(each for each in answer.candidates if each.schedule != schedule)
    candidates = (Candidate(schedule, predicted), *others)
    return Answer(schedule, predicted, COUNT, answer.margin, candidates)


def _alike(tasks: Sequence[Task]) -> Iterable[list[int]]:
    """Places of the tasks of each target, kind of question and family."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for place, task in enumerate(tasks):
        key = (task.target.to_json(), task.question.token, task.family)
        groups.setdefault(key, []).append(place)
    return groups.values()
