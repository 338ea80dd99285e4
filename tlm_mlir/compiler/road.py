# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The road from a source to a program, with a way round whatever does not compile.

A choice that keeps a program from compiling falls back to what IREE does by itself, alone where it
can be found. So whatever stock IREE compiles, compiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from iree.compiler import ir

from ..decisions.point import DecisionPoint
from ..decisions.script import build_script
from ..errors import CompileError
from ..iree.session import Session
from ..policy.deciding import FELL_BACK, Outcome, Outcomes, Policy
from ..targets.cpu.host import UNKNOWN
from . import steps
from .clock import Clock
from .fallback import Failure, Trials
from .options import Options
from .source import Source
from .steps import Plan
from .tuner import Tuner

FALLBACK = "fallback"
TOGETHER = "the program does not compile with all that was chosen, and none was found to be why"


@dataclass(frozen=True)
class Compiled:
    """What a compile did, and by which checkpoint (`model`).

    `plan` is what the program was compiled by, None where that is what IREE does by itself;
    `warnings` tell what fell back.
    """

    outcomes: Outcomes
    model: str
    warnings: tuple[str, ...]
    plan: Plan | None

    @property
    def defaults(self) -> Mapping[str, str]:
        """How IREE configures dispatches by itself, as text by their names."""
        return self.plan.defaults if self.plan else {}

    @property
    def targets(self) -> Sequence[str]:
        """What the program is compiled for, as text of attributes."""
        return self.plan.targets if self.plan else ()

    def script(self) -> ir.Module:
        """The script of the schedules of dispatches that the program was compiled with."""
        if self.plan is not None:
            return self.plan.script()
        return build_script([], UNKNOWN, Session([]).context)


class Road:
    """The ways to compile one program, the best one first."""

    def __init__(
        self,
        source: Source,
        options: Options,
        points: Sequence[DecisionPoint],
        policy: Callable[[], Policy],
        clock: Clock,
        tuner: Tuner | None = None,
    ) -> None:
        self._source, self._options, self._points = source, options, tuple(points)
        self._policy, self._clock, self._tuner = policy, clock, tuner
        self._answered: dict[str, tuple[Outcome, ...]] = {}
        self._known: dict[str, Failure | None] = {}
        self._reason = ""

    def plan(self) -> Plan:
        """The first plan whose program compiles up to its dispatches.

        Raises CompileError where IREE refuses the program whatever is decided.
        """
        for plan in self._plans():
            return replace(plan, otherwise=self._again)
        raise self._refused()

    def _again(self, out: Path) -> Compiled:
        """Compiles the program from its beginning, with all ways round what does not compile."""
        policy, clock, tuner = self._policy, self._clock, self._tuner
        return Road(self._source, self._options, self._points, policy, clock, tuner).compile(out)

    def compile(self, out: Path) -> Compiled:
        """Compiles the program to the .vmfb `out` by the first plan that compiles, else as IREE
        does by itself. Raises CompileError where that fails, too."""
        for plan in self._plans():
            try:
                steps.finish(plan, steps.configure(plan), out)
            except CompileError as error:
                self._reason = str(error)
            else:
                return Compiled(plan.outcomes, plan.model, plan.warnings, plan)
        return self._as_iree_does(out)

    def _plans(self) -> Iterator[Plan]:
        """Plans, each of which is made when those before do not compile.

        What falls back are schedules of dispatches, then choices at all points, then all choices
        before dispatches are formed. Raises CompileError where IREE refuses the program before
        anything is decided.
        """
        read = steps.read(self._source, self._options, self._points, self._clock, self._tuner)
        first = self._decided(read, self._note)
        if first is not None:
            yield first
        if not _chosen(self._answered):
            return
        translated = False
        if first is not None:
            with self._clock.timed(FALLBACK):
                settled, translated = self._settled(first)
            if settled is not None:
                yield settled
        # Where code is generated for all there is, only what comes after it can be why.
        for whole in (True,) if translated else (False, True):
            with self._clock.timed(FALLBACK):
                plan, hopeless = self._careful(self._points, whole)
            if hopeless and whole:
                return
            if hopeless:
                break
            if plan is not None and plan.warnings:
                yield plan
        early = {point.name: self._answered.get(point.name, ()) for point in self._points[:-1]}
        if _chosen(early):
            with self._clock.timed(FALLBACK):
                plan, _ = self._careful(self._points[-1:], False)
            if plan is not None:
                yield self._without(plan, early)

    def _note(
        self, point: DecisionPoint, module: object, outcomes: Sequence[Outcome]
    ) -> Sequence[Outcome]:
        self._answered[point.name] = tuple(outcomes)
        return outcomes

    def _decided(self, read: steps.Read, settle: steps.Settle) -> Plan | None:
        """The plan for what was read; None where IREE refuses the program under it."""
        try:
            return steps.decide(read, self._policy, settle)
        except CompileError as error:
            self._reason = str(error)
            return None

    def _settled(self, plan: Plan) -> tuple[Plan | None, bool]:
        """A plan without the schedules of dispatches that do not compile, None if there are none;
        and whether code is generated for all dispatches."""
        point = plan.point
        trials = self._trials(plan.session, [point])
        lowered = tuple(trials.settle(point, plan.module, plan.lowered))
        outcomes = {**plan.outcomes, point.name: lowered}
        warned = _warnings({point.name: lowered})
        settled = replace(plan, outcomes=outcomes, warnings=warned) if warned else None
        return settled, not trials.failed

    def _careful(
        self, points: Sequence[DecisionPoint], whole: bool
    ) -> tuple[Plan | None, bool]:
        """A plan all of whose choices were tried, None where IREE refuses the program even so; and
        whether IREE refuses it without choices, too."""
        # Its seconds are those of falling back.
        read = steps.read(self._source, self._options, points, Clock(), self._tuner)
        trials = self._trials(read.session, points, whole)
        plan = self._decided(read, trials.settle)
        if plan is not None:
            plan = replace(plan, warnings=_warnings(plan.outcomes), clock=self._clock)
        return plan, trials.hopeless

    def _trials(
        self, session: Session, points: Sequence[DecisionPoint], whole: bool = False
    ) -> Trials:
        cores, caches = self._options.core_count(), self._options.caches
        return Trials(session, points, cores, caches, self._known, whole=whole)

    def _without(self, plan: Plan, early: Outcomes) -> Plan:
        """A plan for dispatches alone, and what it leaves out."""
        outcomes = {name: _fallen(some) for name, some in early.items()}
        what = " and ".join(name for name, some in early.items() if _chosen({name: some}))
        warning = (
            f"{self._source.name}: the program does not compile with what was chosen about"
            f" {what} ({self._reason}); IREE's default is used for all of it"
        )
        return replace(
            plan, outcomes={**outcomes, **plan.outcomes}, warnings=(warning, *plan.warnings)
        )

    def _as_iree_does(self, out: Path) -> Compiled:
        """Compiles the program as stock IREE does."""
        reason = self._reason
        _finish(self._source, self._options, self._clock, out)
        outcomes = {name: _fallen(some) for name, some in self._answered.items()}
        warning = (
            f"{self._source.name}: the program does not compile with what was chosen ({reason});"
            " it is compiled as IREE does by itself"
        )
        return Compiled(outcomes, self._policy().identity, (warning,), None)

    def _refused(self) -> CompileError:
        return CompileError(f"{self._source.name} does not compile: {self._reason}")


def as_iree_does(source: Source, options: Options, clock: Clock, out: Path) -> Compiled:
    """Compiles a program to the .vmfb `out` for what there are no schedules for, and says so.

    Raises CompileError where IREE refuses the program.
    """
    _finish(source, options, clock, out)
    names = " and ".join(options.compiled_for())
    note = f"{source.name}: there are no schedules for {names}; it is compiled as IREE does"
    return Compiled({}, "", (note,), None)


def _finish(source: Source, options: Options, clock: Clock, out: Path) -> None:
    """Compiles a program as stock IREE does. Raises CompileError where IREE refuses it."""
    try:
        with clock.timed(steps.FINISHING):
            session = Session(options.flags())
            session.finish(source.parse(session), None, out)
    except CompileError as error:
        raise CompileError(f"{source.name} does not compile: {error}") from error


def _chosen(outcomes: Outcomes) -> bool:
    """Whether anything is not left to IREE."""
    return any(outcome.schedule is not None for some in outcomes.values() for outcome in some)


def _fallen(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    return tuple(o.fall_back(TOGETHER) if o.schedule is not None else o for o in outcomes)


def _warnings(outcomes: Outcomes) -> tuple[str, ...]:
    """A sentence about each choice that fell back."""
    some = (outcome for each in outcomes.values() for outcome in each)
    return tuple(_warning(outcome) for outcome in some if outcome.outcome == FELL_BACK)


def _warning(outcome: Outcome) -> str:
    site = outcome.site
    where = f"{site.location}: {site.name}" if site.location else site.name
    return (
        f"{where}: the {site.point} '{outcome.text}' does not compile ({outcome.reason});"
        " IREE's default is used"
    )
