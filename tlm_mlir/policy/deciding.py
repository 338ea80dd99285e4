# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Deciding: which sites of a program the model is asked about, and what becomes of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..decisions.point import LEFT, Site
from ..ir.analysis import recurrent, sums
from ..language.prompt import MAX_TOKENS
from ..language.schedule import Schedule
from ..targets.task import Task
from .compare import ESTIMATE, MEASUREMENTS
from .scheduler import Answer

SCHEDULED, DEFAULT, FELL_BACK = "scheduled", "default", "fallback"
MODEL, OTHERS, IREE = "model", "others", "iree"
"""Who wrote what is done at a site: the language model; a sketch, an estimate of a few options, or
a script; IREE."""
Key = tuple[str, str, str, tuple[str, ...]]


class Policy(Protocol):
    """Answers tasks, as a `Scheduler` does."""

    identity: str

    def compared_by(self, task: Task[Any]) -> str:
        """What schedules of a task are compared by; empty for nothing."""

    def ask(
        self,
        tasks: Sequence[Task[Any]],
        baselines: Sequence[Schedule | None],
        samples: int | None = None,
    ) -> list[Answer]:
        """An answer for each task; `baselines` are what IREE does by itself."""


@dataclass(frozen=True)
class Measurement:
    """What was measured on this machine about one site.

    `default` is the seconds that IREE's default takes, `ratios` are the times of schedules that ran
    right over those of the default beside them, and `faults` tell what was wrong with the others.
    """

    default: float
    ratios: Mapping[Schedule, float]
    faults: Mapping[Schedule, str]

    def seconds(self, schedule: Schedule) -> float | None:
        """The seconds of a schedule, None where it did not run right."""
        ratio = self.ratios.get(schedule)
        return None if ratio is None else self.default * ratio


@dataclass(frozen=True)
class Outcome:
    """What becomes of one site, and why.

    `outcome` is "scheduled", "default" (IREE's is kept), "left" (nothing can be asked), "at load"
    (runs once, not worth a question) or "fallback" (the schedule does not compile). `baseline` is
    what IREE does by itself, None where that is not known. `measured` is what decided, None where
    nothing was measured.
    """

    site: Site
    outcome: str
    reason: str = ""
    answer: Answer | None = None
    baseline: Schedule | None = None
    measured: Measurement | None = None

    @property
    def text(self) -> str:
        """The tokens of what was decided, empty where nothing was."""
        return self.site.task.text(self.answer.schedule) if self.site.task and self.answer else ""

    @property
    def schedule(self) -> Schedule | None:
        """The schedule to apply; None leaves the site to IREE."""
        return self.answer.schedule if self.answer and self.outcome == SCHEDULED else None

    @property
    def author(self) -> str:
        """Who wrote what is done: MODEL, OTHERS or IREE; LEFT where nothing could be asked, and
        what it is called otherwise where it is not done in every run."""
        if self.schedule is not None and self.answer is not None:
            return MODEL if self.answer.written else OTHERS
        return IREE if self.outcome in (DEFAULT, FELL_BACK) else self.outcome

    @property
    def predicted(self) -> float | None:
        """The log of the latency of what is applied over that of IREE's default, as predicted; None
        where nothing is applied, or nothing predicted it."""
        if self.schedule is None or self.answer is None:
            return None
        found = (c.predicted for c in self.answer.candidates if c.schedule == self.schedule)
        return next(found, None)

    def fall_back(self, reason: str) -> Outcome:
        """The outcome of a schedule that does not compile."""
        return replace(self, outcome=FELL_BACK, reason=reason)


Outcomes = Mapping[str, tuple[Outcome, ...]]
"""Outcomes of every site, by the name of its decision point, in program order."""
Baseline = Callable[[Site], Schedule | None]
"""What IREE does at a site by itself; None where that is not known."""


def decide(
    sites: Sequence[Site], baseline: Baseline, policy: Policy, samples: int | None = None
) -> list[Outcome]:
    """What becomes of each site; equal tasks are asked about once."""
    refused: dict[Key, str] = {}
    asked: dict[Key, tuple[Task[Any], Schedule | None]] = {}
    for site in sites:
        task = site.task
        if task is None or key_of(task) in refused or key_of(task) in asked:
            continue
        known = baseline(site)
        if reason := _refusal(task, known, policy):
            refused[key_of(task)] = reason
        else:
            asked[key_of(task)] = task, known
    tasks = [task for task, _ in asked.values()]
    answers = policy.ask(tasks, [known for _, known in asked.values()], samples) if tasks else []
    found = {
        key: (answer, known)
        for (key, (_, known)), answer in zip(asked.items(), answers, strict=True)
    }
    return [_outcome(site, refused, found) for site in sites]


def key_of(task: Task[Any]) -> Key:
    """What equal tasks have in common, and others have not."""
    return task.workload.digest, task.target.to_json(), task.question.token, task.sources


def _refusal(task: Task[Any], baseline: Schedule | None, policy: Policy) -> str:
    """Why a task is not asked about; empty if it is."""
    if not task.readable:
        return f"needs {len(task.prompt_tokens)} tokens and the model reads {MAX_TOKENS}"
    if baseline is None and policy.compared_by(task) == ESTIMATE:
        return "there is no estimate of what IREE does by itself"
    if policy.compared_by(task) == MEASUREMENTS:
        if recurrent(task.workload):
            return "its steps depend on each other, and no such dispatch was measured"
        if not sums(task.workload):
            return "it reduces by other than a sum, and no such dispatch was measured"
    return ""


def _outcome(
    site: Site,
    refused: Mapping[Key, str],
    answers: Mapping[Key, tuple[Answer, Schedule | None]],
) -> Outcome:
    if site.task is None:
        return Outcome(site, site.left, site.reason)
    key = key_of(site.task)
    if key in refused:
        return Outcome(site, LEFT, refused[key])
    answer, baseline = answers[key]
    if not answer.schedule.is_default:
        return Outcome(site, SCHEDULED, answer=answer, baseline=baseline)
    return Outcome(site, DEFAULT, _why_default(answer), answer, baseline)


def _why_default(answer: Answer) -> str:
    if answer.why:
        return answer.why
    if not answer.predicted:
        return "the model leaves it as it is"
    if math.isinf(answer.predicted):
        return "IREE has no fast code for what the model wrote"
    return "no clear lead over it is predicted"
