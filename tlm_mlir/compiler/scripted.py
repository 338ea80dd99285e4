# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiling with a script that was saved, and perhaps edited, in place of the model's schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iree.compiler import ir

from ..decisions.dispatch import Lowering
from ..decisions.point import DecisionPoint, Site
from ..decisions.schedule_pass import SchedulePass
from ..decisions.script import scheduled_names
from ..errors import CompileError, InputError
from ..files import STANDARD_INPUT, read_bytes, shown
from ..iree.invocation import first_error
from ..iree.phases import SOURCES
from ..language.schedule import Schedule
from ..policy.deciding import SCHEDULED, Policy
from ..policy.scheduler import Answer
from ..targets.task import Task
from . import steps
from .clock import Clock
from .options import Options
from .road import Compiled
from .source import Source
from .steps import Plan


class Scripted(Lowering):
    """The lowering of dispatches by a script: nothing is asked about any."""

    def find(self, module: ir.Operation, cores: int) -> list[Site]:
        """The dispatches of a module, all without a task."""
        sites = super().find(module, cores)
        reason = "has no schedule in the script"
        return [replace(site, task=None, reason=site.reason or reason) for site in sites]


class Unasked:
    """The policy of a compile that asks nothing."""

    identity = ""

    def compared_by(self, task: Task[Any]) -> str:
        """Nothing is compared."""
        return ""

    def ask(
        self,
        tasks: Sequence[Task[Any]],
        baselines: Sequence[Schedule | None],
        samples: int | None = None,
    ) -> list[Answer]:
        """No answers: there are no tasks."""
        return []


@dataclass(frozen=True)
class Script:
    """A script, what errors call it, and the functions that it has schedules for."""

    name: str
    module: ir.Module
    names: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> Script:
        """Reads a script. Raises InputError for a file that cannot be read, is no script, holds
        anything that schedules are not made of, or has no schedules."""
        name, content = shown(path, STANDARD_INPUT), read_bytes(path)
        try:
            module = ir.Module.parse(content.decode(), ir.Context())
        except (ir.MLIRError, UnicodeDecodeError) as error:
            why = first_error(error) if isinstance(error, ir.MLIRError) else "it is no text"
            raise InputError(
                f"{name} is no script that IREE reads ({why}); write one with `tlm-mlir script`"
            ) from error
        try:
            SchedulePass(module)
        except InputError as error:
            raise InputError(f"{name} cannot be applied: {error}") from error
        names = frozenset(scheduled_names(module))
        if not names:
            raise InputError(f"{name} schedules nothing; write one with `tlm-mlir script`")
        return cls(name, module, names)

    def found(self, plan: Plan) -> frozenset[str]:
        """Its functions that are among the dispatches of a plan."""
        return self.names & {outcome.site.name for outcome in plan.lowered}


def compile_scripted(
    source: Source,
    script: Script,
    out: Path,
    options: Options,
    early: Sequence[DecisionPoint],
    policy: Callable[[], Policy],
    clock: Clock,
) -> Compiled:
    """Compiles a program to the .vmfb `out`, its dispatches by a script alone.

    A script is for dispatches as they are formed after the choices of `early` points, as
    `--script-out` writes it, or without any, as `tlm-mlir script` does. The way in which the script
    finds more of its functions comes first, and the other one where the script does not fit. Raises
    InputError where it finds none, and CompileError where IREE refuses the program or its
    schedules.
    """
    plans = list(_plans(source, options, early, policy, clock))
    fitting = sorted(
        (plan for plan in plans if script.found(plan)), key=lambda plan: -len(script.found(plan))
    )
    refused: CompileError | None = None
    for plan in fitting:
        try:
            _finish(plan, script, out)
        except CompileError as error:
            refused = refused or error
        else:
            return _compiled(plan, script, source)
    if refused:
        raise CompileError(
            f"{source.name} does not compile with {script.name}: {refused}"
        ) from refused
    some = ", ".join(sorted(script.names)[:3])
    raise InputError(
        f"{source.name} has no function that {script.name} has a schedule for ({some}); write a"
        " script for this module"
    )


def _plans(
    source: Source,
    options: Options,
    early: Sequence[DecisionPoint],
    policy: Callable[[], Policy],
    clock: Clock,
) -> Iterator[Plan]:
    """The program with the choices of some points, if there are any, and without."""
    if early:
        yield steps.decide(steps.read(source, options, (*early, Scripted()), clock), policy)
    yield steps.decide(steps.read(source, options, (Scripted(),), clock), Unasked)


def _finish(plan: Plan, script: Script, out: Path) -> None:
    module = plan.module.clone().operation
    with plan.clock.timed(steps.PASS):
        SchedulePass(script.module, only=script.found(plan)).run(module)
    with plan.clock.timed(steps.FINISHING):
        plan.session.finish(module, SOURCES, out)


def _compiled(plan: Plan, script: Script, source: Source) -> Compiled:
    """What was done, where functions of a script have its schedules."""
    found = script.found(plan)
    outcomes = dict(plan.outcomes)
    outcomes[Lowering.name] = tuple(
        replace(outcome, outcome=SCHEDULED, reason=f"by {script.name}")
        if outcome.site.name in found
        else outcome
        for outcome in plan.lowered
    )
    rest = len(script.names - found)
    text = f"{source.name} lacks {rest} of the {len(script.names)} functions that {script.name} has"
    warnings = (f"{text} schedules for",) if rest else ()
    return Compiled(outcomes, plan.model, warnings, plan)
