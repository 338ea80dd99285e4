# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The steps of a compile: read, decide, configure, finish. What each gives is not changed later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from iree.compiler import ir

from ..decisions.caches import find_sites
from ..decisions.dispatch import DispatchSite, Lowering, scheduled
from ..decisions.point import DecisionPoint, Site
from ..decisions.script import build_script
from ..decisions.script_header import Origin, gain
from ..decisions.walk import APPLYING, COMPILING, flags, walk
from ..errors import CompileError, InputError
from ..files import check_writable
from ..ir.dispatch import Dispatch
from ..iree.executable_target import executable_targets
from ..iree.executables import alone, configurations, exchange
from ..iree.module import named, symbol
from ..iree.ops import FUNCTION
from ..iree.phases import CONFIGURED, SOURCES
from ..iree.session import Session
from ..language.schedule import Schedule
from ..policy import deciding
from ..policy.deciding import Baseline, Outcome, Outcomes, Policy
from ..targets.backend import DispatchTask
from ..targets.cpu.host import UNKNOWN
from ..targets.target import Target
from .clock import LOADING, Clock
from .explain.explanation import Explanation
from .options import Options
from .report import Done, Report, render
from .source import Source
from .tuner import Tuner

READING, PASS, FINISHING = "reading", "pass", "iree: dispatches to program"
MEASURING = "measuring"
Settle = Callable[[DecisionPoint, ir.Operation, Sequence[Outcome]], Sequence[Outcome]]
"""(point, module at its phase, outcomes) -> outcomes that the program is to be compiled with."""


@dataclass(frozen=True)
class Read:
    """A program at the phase of its first decision point, before anything is decided. Where there
    is a `tuner`, it has the last word about dispatches."""

    source: Source
    options: Options
    points: tuple[DecisionPoint, ...]
    session: Session
    module: ir.Operation
    clock: Clock
    tuner: Tuner | None = None


@dataclass(frozen=True)
class Plan:
    """A program at `executable-sources`, and what is decided about it.

    `module` holds its dispatches, normalized and without schedules, after all that is decided
    before dispatches are formed; `configured` is a copy one phase on, where IREE has made its own
    choices. `point` decided about the dispatches. `outcomes` tell of every site, by the name of its
    decision point. `model` is the checkpoint that was asked, and `warnings` tell what fell back.
    `source` and `options` are what it was made of, and `defaults` is how IREE configures dispatches
    by itself, as text by their names. `otherwise` compiles the program where it does not compile by
    the plan; without it there is no other way.
    """

    session: Session
    module: ir.Operation
    configured: ir.Operation
    point: DecisionPoint
    outcomes: Outcomes
    model: str
    clock: Clock
    source: Source
    options: Options
    defaults: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    otherwise: Callable[[Path], Done] | None = None

    @property
    def lowered(self) -> tuple[Outcome, ...]:
        """What becomes of each dispatch, in program order."""
        return self.outcomes[Lowering.name]

    @property
    def dispatches(self) -> list[Dispatch]:
        """The dispatches of `module` in program order."""
        sites = (outcome.site for outcome in self.lowered)
        return [site.dispatch for site in sites if isinstance(site, DispatchSite)]

    @property
    def schedules(self) -> dict[str, Schedule]:
        """The schedules by the name of their dispatch, without those left to IREE."""
        return {o.site.name: o.schedule for o in self.lowered if o.schedule is not None}

    @property
    def targets(self) -> Sequence[str]:
        """What the program is compiled for, as text of attributes."""
        return executable_targets(self.module)

    def finish(self, out: str | PathLike[str]) -> Report:
        """Compiles the program to the .vmfb `out` by the plan, which may be used again.

        What does not compile falls back to what IREE does by itself, and `Report.warnings` names
        it. Raises CompileError where IREE refuses the program whatever is decided, InputError where
        `out` cannot be written; then no output file exists.
        """
        path = Path(out)
        done: Done = self
        check_writable([path])
        try:
            finish(self, configure(self), path)
        except CompileError:
            if self.otherwise is None:
                raise
            done = self.otherwise(path)
        return render(self.source.name, self.options, done, self.clock)

    def explain(self) -> Explanation:
        """Each decision with its place in the source, its share of the work, what IREE does, what
        is done instead, and what else was compared. `print` shows it."""
        return Explanation(render(self.source.name, self.options, self, self.clock))

    def _target(self) -> Target:
        """The target of the first dispatch that anything was asked about."""
        tasks = (outcome.site.task for outcome in self.lowered)
        return next((task.target for task in tasks if task is not None), UNKNOWN)

    def script(self) -> ir.Module:
        """The script of all schedules of dispatches.

        Raises InputError for a program whose schedules are for several targets.
        """
        found = scheduled(*_split(self.lowered)) or {self._target(): []}
        if len(found) > 1:
            raise InputError(
                f"the schedules are for {len(found)} targets and a script serves one; compile the"
                " program in place, or for one target at a time"
            )
        ((target, dispatches),) = found.items()
        gains = {o.site.name: gain(o.predicted) for o in self.lowered}
        told = [replace(dispatch, gain=gains[dispatch.name]) for dispatch in dispatches]
        origin = Origin(self.model, Path(self.source.name).name)
        with self.clock.timed("script"):
            return build_script(told, target, self.session.context, origin)


def read(
    source: Source,
    options: Options,
    points: Sequence[DecisionPoint],
    clock: Clock,
    tuner: Tuner | None = None,
) -> Read:
    """Compiles a program to the phase of the first of some decision points.

    Raises InputError for a source that is missing, or no MLIR, TargetError for an unknown target or
    CPU, CompileError when IREE refuses the program.
    """
    session = Session([*options.flags(), *flags(points)])
    with clock.timed(COMPILING):
        module = source.parse(session)
    try:
        with clock.timed(COMPILING):
            session.run(module, None, points[0].phase)
    except CompileError as error:
        raise CompileError(f"{source.name} does not compile: {error}") from error
    return Read(source, options, tuple(points), session, module, clock, tuner)


def leave(
    point: DecisionPoint, module: ir.Operation, outcomes: Sequence[Outcome]
) -> Sequence[Outcome]:
    """Outcomes as they are."""
    return outcomes


def decide(read: Read, policy: Callable[[], Policy], settle: Settle = leave) -> Plan:
    """Compiles a program to its dispatches, and decides at every point on the way.

    The module that was read is consumed. `policy` gives what is asked, once it is needed. Raises
    CompileError when IREE refuses the program, InputError for one without compute, and what
    `policy` raises.
    """
    session, module, clock, points = read.session, read.module, read.clock, read.points
    cores, caches = read.options.core_count(), read.options.caches
    outcomes: dict[str, tuple[Outcome, ...]] = {}

    def answer(
        point: DecisionPoint, sites: Sequence[Site], baseline: Baseline, part: str
    ) -> list[Schedule | None]:
        with clock.timed(LOADING):
            opened = policy()
        with clock.timed(part):
            found = deciding.decide(sites, baseline, opened, read.options.samples)
        if read.tuner is not None and point is points[-1]:
            with clock.timed(MEASURING):
                found = list(read.tuner.tune(found, opened, read.options))
        outcomes[point.name] = tuple(settle(point, module, found))
        return _split(outcomes[point.name])[1]

    def early(
        point: DecisionPoint, module: ir.Operation, sites: Sequence[Site]
    ) -> list[Schedule | None]:
        return answer(point, sites, leaving, APPLYING)

    last = points[-1]
    at = walk(session, module, points[0].phase, points[:-1], early, cores, clock.timed, caches)
    if at != last.phase:
        with clock.timed(COMPILING):
            session.run(module, at, last.phase)
    with clock.timed(READING):
        sites = find_sites(last, module, cores, caches)
        copy = module.clone().operation
    if not sites and not named(module, FUNCTION):
        raise InputError(
            f"{read.source.name} holds no computation to compile; give a module with functions"
        )
    with clock.timed(FINISHING):
        configured = session.run(copy, last.phase, CONFIGURED)
    with clock.timed(READING):
        texts = configurations(configured)
    answer(last, sites, lambda site: read_back(site, texts), "generation")
    return Plan(
        session,
        module,
        configured,
        last,
        outcomes,
        policy().identity,
        clock,
        read.source,
        read.options,
        texts,
    )


def leaving(site: Site) -> Schedule | None:
    """What IREE does about an op before dispatches are formed."""
    return site.task.default if site.task else None


def read_back(site: Site, texts: Mapping[str, str]) -> Schedule | None:
    """What IREE chose for a dispatch, by the text of its configuration."""
    if not isinstance(site.task, DispatchTask) or site.name not in texts:
        return None
    return site.task.read_back(texts[site.name])


def configure(plan: Plan) -> ir.Operation:
    """A copy of what IREE has configured, with the scheduled executables in their places.

    Raises CompileError for schedules that IREE refuses.
    """
    with plan.clock.timed(PASS):
        configured = plan.configured.clone().operation
        executables = {
            symbol(outcome.site.dispatch.executable): outcome.site.dispatch.executable
            for outcome in plan.lowered
            if outcome.schedule is not None and isinstance(outcome.site, DispatchSite)
        }
        if executables:
            some = alone(*executables.values())
            plan.point.apply(some, *_split(plan.lowered))
            plan.session.run(some, SOURCES, CONFIGURED)
            exchange(configured, some)
    return configured


def finish(plan: Plan, configured: ir.Operation, out: Path) -> None:
    """Compiles a configured program to the .vmfb `out`, and consumes it.

    Raises CompileError with IREE's first diagnostic, InputError where `out` cannot be written.
    """
    with plan.clock.timed(FINISHING):
        plan.session.finish(configured, CONFIGURED, out)


def _split(outcomes: Sequence[Outcome]) -> tuple[list[Site], list[Schedule | None]]:
    """The sites of outcomes, and what is applied to each."""
    return [outcome.site for outcome in outcomes], [outcome.schedule for outcome in outcomes]
