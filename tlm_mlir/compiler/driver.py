# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The whole path: a program in, its schedules written by the model, a .vmfb out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ..decisions.dispatch import Lowering
from ..decisions.point import DecisionPoint
from ..decisions.points import EARLY
from ..decisions.schedule_pass import SchedulePass
from ..errors import TargetError
from ..files import check_writable, write_text
from ..policy.deciding import Policy
from ..policy.scheduler import Scheduler
from .clock import IMPORTING, Clock
from .options import Options
from .report import Report, render
from .road import Road, as_iree_does
from .scripted import Script, Unasked, compile_scripted
from .source import Given, Source
from .steps import Plan
from .tuner import Tuner


def plan(
    source: Given | Source,
    options: Options,
    scheduler: Policy | None = None,
    *,
    rewrite: bool = True,
    tuner: Tuner | None = None,
) -> Plan:
    """Compiles a program to its dispatches and has the model write their schedules.

    Unless told not to `rewrite`, contractions on CPUs multiply rows by columns in the plan's module
    (`targets.dispatches.swap_operands`), whether they get a schedule or not. A `tuner` measures
    dispatches, and decides about them. Raises InputError for a source that is missing, no MLIR or
    without compute, CompileError when IREE refuses it, TargetError for an unknown target or CPU,
    CheckpointError for an unusable model.
    """
    if options.unscheduled():
        names = " and ".join(options.compiled_for())
        raise TargetError(f"there are no schedules for {names}; give llvm-cpu, cuda or vulkan")
    points = decision_points(options, rewrite)
    road = Road(Source.of(source), options, points, _opening(options, scheduler), Clock(), tuner)
    found = road.plan()
    if tuner is not None:
        found = replace(found, warnings=(*found.warnings, *tuner.warnings))
    _warn(found.warnings)
    return found


def compile_file(
    source: Given | Source,
    out: Path,
    options: Options,
    *,
    script_out: Path | None = None,
    report_out: Path | None = None,
    scheduler: Policy | None = None,
    points: Sequence[DecisionPoint] | None = None,
    clock: Clock | None = None,
    script: Path | None = None,
    tuner: Tuner | None = None,
) -> Report:
    """Compiles a program to the .vmfb `out`. Raises what `plan` raises, unless stock IREE compiles
    the program; no partial file is left.

    `points` are decided at, in program order, the dispatches last; unless given, all that there are
    for the target. `clock` is one that has run since the compile was asked for.
    Where a `script` is given, dispatches are lowered by it alone (`scripted.compile_scripted`).
    A `tuner` measures dispatches, and decides about them.
    """
    check_writable([out, script_out, report_out])
    clock = clock or Clock()
    with clock.timed(IMPORTING):
        given = Source.of(source)
    if script:
        *early, _ = decision_points(options)
        asked = _opening(options, scheduler) if early else Unasked
        compiled = compile_scripted(given, Script.read(script), out, options, early, asked, clock)
    elif options.unscheduled():
        compiled = as_iree_does(given, options, clock, out)
    else:
        some = points or decision_points(options)
        opening = _opening(options, scheduler)
        compiled = Road(given, options, some, opening, clock, tuner).compile(out)
    if tuner is not None:
        compiled = replace(compiled, warnings=(*compiled.warnings, *tuner.warnings))
    _warn(compiled.warnings)
    if script_out:
        write_text(script_out, str(compiled.script()))
    report = render(given.name, options, compiled, clock)
    if report_out:
        report.write(report_out)
    return report


def write_script(
    source: Given, out: Path, options: Options, scheduler: Policy | None = None
) -> Report:
    """Writes the script for stock `iree-compile`, checked against the program that it is for.

    Stock compiles the program as it is, so no graph-level choices are made here, and no dispatch is
    rewritten.
    """
    check_writable([out])
    given = Source.of(source)
    found = plan(given, replace(options, graph=False), scheduler, rewrite=False)
    script = found.script()
    SchedulePass(script, only=set(found.schedules)).run(found.module.clone().operation)
    write_text(out, str(script))
    return render(given.name, options, found, found.clock)


def decision_points(options: Options, rewrite: bool = True) -> tuple[DecisionPoint, ...]:
    """The decision points of a compile in program order, the dispatches last."""
    names = set(options.compiled_for())
    early = [point for point in EARLY if options.graph and names.intersection(point.targets)]
    return (*early, Lowering(rewrite))


def _opening(options: Options, scheduler: Policy | None) -> Callable[[], Policy]:
    """Gives the scheduler, which loads while IREE's first phases keep another core busy."""
    if scheduler is not None:
        return lambda: scheduler
    pool = ThreadPoolExecutor(1)
    opened = pool.submit(Scheduler, options.model)
    pool.shutdown(wait=False)
    return opened.result


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
