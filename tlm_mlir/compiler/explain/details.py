# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What can be told of one decision: the work, what IREE does, what is done instead, the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...decisions.dispatch import DispatchSite
from ...ir.naming import title
from ...policy.compare import ESTIMATE
from ...policy.deciding import FELL_BACK, Outcome, Outcomes, key_of
from ...policy.scheduler import Candidate
from ...targets.task import Task
from .loops import loop_nest
from .work import Work, roof, work

UNKNOWN, REFUSED = "not known", "does not compile"


@dataclass(frozen=True)
class Way:
    """One way to do what a decision is about.

    `words` tell it as a loop nest, `schedule` are its tokens, where it has any. `predicted` is the
    log of its latency over that of IREE's default, `estimated` how long it takes by a static
    estimate, in `Details.unit`, and `measured` its seconds on this machine; None where nothing
    tells. `note` says why it was not taken.
    """

    words: str
    schedule: str = ""
    predicted: float | None = None
    estimated: float | None = None
    note: str = ""
    measured: float | None = None


@dataclass(frozen=True)
class Details:
    """What is known of one decision besides its outcome.

    `op` is what is computed, in words. `work` is None where shapes are dynamic, and `share` is its
    part of the least time of all that the program runs, None where that is not known. `iree` is
    what IREE does by itself, `ours` what is done instead, None where nothing is, and `others` are
    the schedules that were compared besides, the best first. `configuration` is how IREE configures
    a dispatch by itself, as text.
    """

    op: str = ""
    work: Work | None = None
    share: float | None = None
    unit: str = ""
    iree: Way | None = None
    ours: Way | None = None
    others: tuple[Way, ...] = ()
    configuration: str = ""


class Explainer:
    """Tells the details of outcomes, equal tasks' once. `roof` is that of the program's target,
    None where it is not known."""

    def __init__(self, outcomes: Outcomes, configurations: Mapping[str, str]) -> None:
        """`outcomes` are all of a program; `configurations` are IREE's own, by dispatch."""
        all_ = [outcome for some in outcomes.values() for outcome in some]
        tasks = (outcome.site.task for outcome in all_)
        self.roof = next((roof(task.target) for task in tasks if task is not None), None)
        self._configurations = configurations
        self._told: dict[tuple[object, ...], _Ways] = {}
        dispatches = (outcome for outcome in all_ if isinstance(outcome.site, DispatchSite))
        self._clocks = sum(self._least(_work(outcome)) for outcome in dispatches)

    def __call__(self, outcome: Outcome) -> Details:
        """The details of one outcome."""
        site, amount = outcome.site, _work(outcome)
        clocks = self._least(amount)
        lowered = isinstance(site, DispatchSite)
        ways = self._ways(outcome)
        return Details(
            op=title(site.workload) if site.workload else "",
            work=amount,
            share=clocks / self._clocks if clocks and self._clocks else None,
            unit=site.task.question.unit if site.task else "",
            iree=ways.iree,
            ours=ways.ours,
            others=ways.others,
            configuration=self._configurations.get(site.name, "") if lowered else "",
        )

    def _least(self, amount: Work | None) -> float:
        """The least clocks of some work; 0 where nothing is known of it."""
        if amount is None or self.roof is None:
            return 0.0
        return self.roof.clocks(amount.operations, amount.bytes)

    def _ways(self, outcome: Outcome) -> _Ways:
        task = outcome.site.task
        if task is None:
            return _Ways()
        key = (*key_of(task), outcome.outcome, outcome.baseline)
        if key not in self._told:
            self._told[key] = _measured(_ways(task, outcome), outcome)
        return self._told[key]


@dataclass(frozen=True)
class _Ways:
    """The ways of `Details`."""

    iree: Way | None = None
    ours: Way | None = None
    others: tuple[Way, ...] = ()


def _work(outcome: Outcome) -> Work | None:
    site = outcome.site
    launches = site.dispatch.launches if isinstance(site, DispatchSite) else 1
    return work(site.workload, launches)


def _ways(task: Task[Any], outcome: Outcome) -> _Ways:
    baseline, answer = outcome.baseline, outcome.answer
    # An estimate knows what it has compared, and nothing of a dynamic shape.
    compared = answer.candidates if answer and answer.compared_by == ESTIMATE else ()
    estimates = any(not candidate.schedule.is_default for candidate in compared)
    iree = Way(UNKNOWN)
    if baseline is not None:
        estimated = _finite(task.estimate(baseline)) if estimates else None
        iree = Way(loop_nest(task, baseline), estimated=estimated)
    if answer is None:
        return _Ways(iree)
    fallen = answer.schedule if outcome.outcome == FELL_BACK else None
    taken = next((c for c in answer.candidates if c.schedule == outcome.schedule), None)
    others = tuple(
        _way(
            task,
            candidate,
            REFUSED if candidate.schedule == fallen else _note(candidate, taken, answer.margin),
        )
        for candidate in answer.candidates
        if not candidate.schedule.is_default and candidate is not taken
    )
    ours = None
    if taken is not None:
        ours = _way(task, taken)
        if iree.estimated:
            ours = replace(ours, estimated=iree.estimated * math.exp(taken.predicted))
    elif outcome.schedule is not None:
        ours = Way(loop_nest(task, outcome.schedule), task.text(outcome.schedule))
    return _Ways(iree, ours, others)


def _measured(ways: _Ways, outcome: Outcome) -> _Ways:
    """The ways of an outcome, with what was measured."""
    found, task = outcome.measured, outcome.site.task
    if found is None or task is None or ways.iree is None:
        return ways
    times = {task.text(schedule): found.seconds(schedule) for schedule in found.ratios}
    faults = {task.text(schedule): fault for schedule, fault in found.faults.items()}
    ours = ways.ours and replace(ways.ours, measured=times.get(ways.ours.schedule))
    best = (ours and ours.measured) or found.default
    what = "what is done" if ours else "IREE's default"

    def told(other: Way) -> Way:
        seconds, fault = times.get(other.schedule), faults.get(other.schedule)
        if fault:
            return replace(other, note=f"measured: {fault.replace('_', ' ')}")
        if seconds is None or other.note == REFUSED:
            return other
        note = f"measured: takes {seconds / best:.2f}x as long as {what}"
        return replace(other, measured=seconds, note=note)

    shown = {way.schedule for way in (ours, *ways.others) if way}
    # Those of earlier compiles that nothing has predicted now.
    more = [
        Way(loop_nest(task, schedule), task.text(schedule))
        for schedule in sorted(found.ratios, key=lambda s: found.ratios[s])
        if not schedule.is_default and task.text(schedule) not in shown
    ]
    iree = replace(ways.iree, measured=found.default)
    return _Ways(iree, ours, tuple(map(told, (*ways.others, *more))))


def _way(task: Task[Any], candidate: Candidate, note: str = "") -> Way:
    words, text = loop_nest(task, candidate.schedule), task.text(candidate.schedule)
    return Way(words, text, _finite(candidate.predicted), note=note)


def _note(candidate: Candidate, taken: Candidate | None, margin: float) -> str:
    """Why a candidate was not taken."""
    if math.isinf(candidate.predicted):
        return "IREE has no fast code for it"
    unwritten = " of what the model did not write" if candidate.handicap else ""
    if taken is None:
        lead, needed = math.exp(-candidate.predicted), math.exp(margin + candidate.handicap)
        return f"{lead:.2f}x as fast as IREE's default, and {needed:.2f}x is asked for{unwritten}"
    longer = math.exp(candidate.predicted - taken.predicted)
    if longer < 1 and unwritten:
        return f"{1 / longer:.2f}x as fast as what is done, and more is asked for{unwritten}"
    return f"takes {longer:.2f}x as long as what is done"


def _finite(number: float | None) -> float | None:
    return None if number is None or math.isinf(number) else number
