# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tuning: dispatches of a program are timed on this machine, and the fastest right schedule stays.

The model's best candidates run beside IREE's default, and their values are compared with its. What
was measured is remembered in the user's database (`tuning_database.py`): a compile that finds all
of it there measures nothing. What cannot be measured is decided as it is without measuring, and a
warning says why.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..compiler.options import Options
from ..decisions.dispatch import DispatchSite, work
from ..errors import InputError, MeasureError, TlmError
from ..iree.executables import standalone
from ..language.schedule import Schedule
from ..policy.deciding import (
    DEFAULT,
    SCHEDULED,
    Key,
    Measurement,
    Outcome,
    Policy,
    key_of,
)
from ..policy.scheduler import Candidate
from ..targets.cpu.host import runs_here, usable_cores
from ..targets.target import CpuTarget
from ..targets.task import Task
from . import tuning_database
from .database import Database
from .jobs import job, records
from .native import check_linux
from .runner import JobResult, Limits, measure_batches
from .tuning_database import known, stamp

LIMIT = 120.0
"""Seconds of measuring, unless told."""
LEAD = 0.97
"""What a schedule's time may be of IREE's default's at most: less is noise."""
DRAWN = 4
"""Schedules that the model draws for each one that is measured: the best predicted ones are."""
GROUP = 4
"""Dispatches that are compiled before they are timed."""
Measure = Callable[..., None]
"""`runner.measure_batches`, or what stands for it."""


@dataclass(frozen=True)
class _Asked:
    """A question about a program's dispatches: the first of its sites, its outcome without
    measuring, and the candidates, the one that is chosen without measuring first."""

    site: DispatchSite
    task: Task[CpuTarget]
    outcome: Outcome
    candidates: tuple[Candidate, ...]


class Tuner:
    """Measures up to `count` schedules of each dispatch, besides IREE's default, for about `limit`
    seconds in all; what was begun then is finished. Measuring begins with the most work."""

    def __init__(
        self, count: int, limit: float = LIMIT, *, measure: Measure = measure_batches
    ) -> None:
        """Raises InputError for numbers that are not positive."""
        if count < 1:
            raise InputError(
                f"--measure {count} has nothing to measure; give how many schedules of each"
                " dispatch are timed, 1 or more"
            )
        if not 0 < limit < math.inf:
            raise InputError(f"--measure-limit {limit:g} is no time; give seconds, such as 60")
        self._count, self._limit, self._measure = count, limit, measure
        self._end = math.inf
        self._reasons: Counter[str] = Counter()
        self.warnings: tuple[str, ...] = ()
        self.measured = 0
        """Dispatches that were measured, not remembered."""

    def tune(
        self, outcomes: Sequence[Outcome], policy: Policy, options: Options
    ) -> Sequence[Outcome]:
        """The outcomes of a program's dispatches as measurements have them; what cannot be measured
        stays as it is."""
        self._end = min(self._end, time.monotonic() + self._limit)
        try:
            some = self._measurable(outcomes)
            if not some:
                return outcomes
            check_linux()
            with tuning_database.opened(options.flags()) as database:
                asked = self._asked(some, policy, options, database)
                self._run(asked, options, database)
                decided = {key: _decided(one, database) for key, one in asked.items()}
        except TlmError as error:
            self.warnings = (*self.warnings, f"nothing was measured: {error}")
            return outcomes
        finally:
            self._tell()
        return [
            _like(outcome, decided[key]) if (key := _key(outcome)) in decided else outcome
            for outcome in outcomes
        ]

    def _measurable(self, outcomes: Sequence[Outcome]) -> dict[Key, Outcome]:
        """The first outcome of each question that can be measured."""
        found: dict[Key, Outcome] = {}
        for outcome in outcomes:
            key = _key(outcome)
            if key is None or key in found:
                continue
            assert isinstance(outcome.site, DispatchSite) and outcome.site.task is not None
            target = outcome.site.task.target
            if not isinstance(target, CpuTarget) or not runs_here(outcome.site.dispatch.target):
                raise MeasureError(
                    "the program is not for the CPU of this machine; compile it without --measure,"
                    " or on a machine that runs it"
                )
            if target.cores > usable_cores():
                raise MeasureError(
                    f"the program is for {target.cores} cores and {usable_cores()} may be used"
                    " here; give --cores, or let it have more"
                )
            if outcome.site.task.default is None:
                self._reasons["IREE's default gives it wrong values, so nothing checks others"] += 1
            else:
                found[key] = outcome
        return found

    def _asked(
        self,
        outcomes: Mapping[Key, Outcome],
        policy: Policy,
        options: Options,
        database: Database,
    ) -> dict[Key, _Asked]:
        """The questions, those with the most work first. The model is asked for more schedules of
        those of which too few are known."""
        few = [
            outcome
            for outcome in outcomes.values()
            if outcome.site.task and len(known(database, outcome.site.task)) <= self._count
        ]
        tasks = [outcome.site.task for outcome in few if outcome.site.task]
        drawn = max(DRAWN * self._count, options.samples or 0)
        answers = policy.ask(tasks, [o.baseline for o in few], drawn) if tasks else []
        more = {
            key_of(task): answer.candidates for task, answer in zip(tasks, answers, strict=True)
        }
        found = {}
        for key, outcome in sorted(outcomes.items(), key=lambda item: -_work(item[1])):
            site, answer = outcome.site, outcome.answer
            assert isinstance(site, DispatchSite) and site.task is not None and answer is not None
            first = sorted(answer.candidates, key=lambda c: c.schedule != outcome.schedule)
            rest = sorted((*first[1:], *more.get(key, ())), key=lambda c: c.predicted)
            each = {c.schedule: c for c in (*first[:1], *rest) if not c.schedule.is_default}
            found[key] = _Asked(site, site.task, outcome, tuple(each.values()))
        return found

    def _run(self, asked: Mapping[Key, _Asked], options: Options, database: Database) -> None:
        """Measures what is not known, and remembers it."""
        flags, waiting = options.flags(), dict(asked)
        versions = stamp(flags)

        def jobs() -> Iterator[Any]:
            for key, one in asked.items():
                texts = self._missing(one, database)
                if texts and time.monotonic() > self._end:
                    return
                waiting.pop(key)
                source = standalone(one.site.dispatch.executable, one.site.name) if texts else ""
                if source is None:
                    self._reasons["its sizes come from the program"] += 1
                elif texts:
                    yield job(source, one.task.workload, one.task.target, texts, flags, one)

        def keep(result: JobResult) -> None:
            one = result.job.tag
            assert isinstance(one, _Asked)
            if result.error:
                self._reasons[result.error] += 1
            elif result.default.disturbed:
                self._reasons["other programs use the cores; wait until the machine is quiet"] += 1
            else:
                workload, target = one.task.workload.to_json(), one.task.target.to_json()
                database.add(records(result, workload, target, 0, versions))
                self.measured += 1

        limits = Limits(compile_workers=usable_cores(), group=GROUP)
        self._measure(jobs(), on_result=keep, limits=limits)
        if waiting:
            reason = (
                f"measuring ended after {self._limit:g} s; the next compile goes on, or give more"
                " with --measure-limit"
            )
            self._reasons[reason] += len(waiting)

    def _missing(self, one: _Asked, database: Database) -> list[str]:
        """The schedules, as token text, that are measured: of the first candidates and of those
        that are known already there are `count`."""
        done = known(database, one.task)
        texts = [one.task.text(candidate.schedule) for candidate in one.candidates]
        new = [text for text in texts if text not in done]
        room = self._count - sum(text in done for text in texts)
        chosen = one.outcome.schedule
        must = chosen is not None and one.task.text(chosen) not in done
        return new[: max(room, int(must))]

    def _tell(self) -> None:
        """Makes warnings of the reasons."""
        for reason, count in self._reasons.items():
            what = f"{count} dispatch was" if count == 1 else f"{count} dispatches were"
            told = f"{what} not measured, and what is chosen without is kept: {reason}"
            self.warnings = (*self.warnings, told)
        self._reasons.clear()


def _key(outcome: Outcome) -> Key | None:
    """What equal questions have in common; None where nothing is measured."""
    site = outcome.site
    asked = outcome.outcome in (SCHEDULED, DEFAULT) and outcome.answer is not None
    return key_of(site.task) if asked and site.task and isinstance(site, DispatchSite) else None


def _work(outcome: Outcome) -> int:
    site = outcome.site
    assert isinstance(site, DispatchSite) and site.task is not None
    return work(site.task.workload) * site.dispatch.launches


def _decided(one: _Asked, database: Database) -> Outcome:
    """What measurements say of a question; its outcome without measuring where there are none."""
    found = known(database, one.task)
    default = next((r.default_seconds for r in found.values() if r.default_seconds), None)
    if default is None:
        return one.outcome
    ratios: dict[Schedule, float] = {}
    faults: dict[Schedule, str] = {}
    for schedule, record in ((one.task.parse(text), record) for text, record in found.items()):
        if record.status == "ok" and record.seconds and record.default_seconds:
            ratios[schedule] = record.seconds / record.default_seconds
        else:
            faults[schedule] = record.status
    measurement = Measurement(default, ratios, faults)
    rivals = {schedule: ratio for schedule, ratio in ratios.items() if not schedule.is_default}
    # Of equally fast ones the same each time.
    best = min(rivals, key=lambda s: (rivals[s], one.task.text(s)), default=None)
    answer = one.outcome.answer
    assert answer is not None
    shown = {candidate.schedule for candidate in answer.candidates} | {*ratios, *faults}
    compared = tuple(c for c in one.candidates if c.schedule in shown)
    answer = replace(answer, candidates=compared or answer.candidates)
    if best is None or rivals[best] > LEAD:
        told = "no other schedule gives right values"
        if best is not None:
            told = f"the best of {len(rivals)} other schedules takes {rivals[best]:.2f}x as long"
        assert one.task.default is not None
        answer = replace(answer, schedule=one.task.default)
        reason = f"measured: {told}"
        return replace(
            one.outcome, outcome=DEFAULT, reason=reason, answer=answer, measured=measurement
        )
    # None of them where an earlier compile measured it.
    taken = next((c for c in one.candidates if c.schedule == best), None)
    predicted, written = (taken.predicted, taken.written) if taken else (None, False)
    answer = replace(answer, schedule=best, predicted=predicted, written=written)
    return replace(one.outcome, outcome=SCHEDULED, reason="", answer=answer, measured=measurement)


def _like(outcome: Outcome, decided: Outcome) -> Outcome:
    """What was decided about an equal question, at an outcome's own site."""
    return replace(decided, site=outcome.site, baseline=outcome.baseline)
