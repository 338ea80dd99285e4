# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The whole path: a module in, its schedules written by the model, a .vmfb out."""

from __future__ import annotations

import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from iree.compiler import ir

from ..errors import CompileError, InputError, TargetError
from ..files import STANDARD_INPUT, check_writable, shown, write_text
from ..ir.dispatch import Dispatch, find_dispatches, normalize, rows_first
from ..ir.graph import find_contractions, find_convolutions
from ..iree import devices
from ..iree.executable_target import device_target
from ..iree.executables import alone, exchange
from ..iree.flags import cpu
from ..iree.module import symbol
from ..iree.phases import CONFIGURED, SOURCES
from ..iree.session import Session, check_cpu
from ..language.schedule import Schedule
from ..targets import registry
from ..targets.llvm_cpu_graph_estimate import gate
from ..targets.target import Target, cpu_target
from .choose import choose
from .fallback import failing
from .graph import LAYOUTS, TILING, TILING_FLAG, apply_layouts, apply_tiling
from .report import FELL_BACK, GraphReport, Report
from .schedule_pass import SchedulePass
from .scheduler import Scheduler
from .script import ScheduledDispatch, build_script

CPU = "llvm-cpu"


@dataclass(frozen=True)
class Options:
    """How to compile. `target` is llvm-cpu, cuda or vulkan. For a CPU, `cpu` is "host" or a name
    that `iree-compile` knows, and `cores` the number of threads that will run the program, this
    machine's when zero; for a GPU, `arch` is its architecture as `iree-compile` knows it. Without
    `graph` the program is left as it is before its dispatches are formed, as it always is for
    GPUs."""

    target: str = "llvm-cpu"
    cpu: str = "host"
    arch: str = ""
    cores: int = 0
    iree_args: tuple[str, ...] = ()
    model: Path | None = None
    samples: int | None = None
    graph: bool = True

    def flags(self) -> list[str]:
        """IREE's flags for the target. Raises TargetError for an unknown one, or one that `cpu` or
        `arch` does not describe."""
        if self.target in devices.TARGETS:
            if self.cpu != "host":
                raise TargetError(f"--cpu {self.cpu} is for {CPU}; give --arch for {self.target}")
            return [*devices.gpu_flags(self.target, self.arch), *self.iree_args]
        if self.target != CPU:
            known = ", ".join((CPU, *devices.TARGETS))
            raise TargetError(f"unknown target '{self.target}'; give one of {known}")
        if self.arch:
            raise TargetError(f"--arch {self.arch} is for GPUs; give --cpu for {CPU}")
        check_cpu(self.cpu)
        return [*cpu(self.cpu), *self.iree_args]

    def decides_graph(self) -> bool:
        """Whether there are decisions to take before dispatches are formed."""
        if not self.graph or self.target not in registry.BACKENDS:
            return False
        return registry.named(self.target).graph is not None

    def core_count(self) -> int:
        """Threads that will run the program."""
        return self.cores or len(os.sched_getaffinity(0))


@dataclass
class Plan:
    """A module stopped at `executable-sources`, its dispatches and their schedules.

    `configured` is a copy one phase on, where IREE has made its own choices.
    """

    session: Session
    module: ir.Operation
    configured: ir.Operation
    report: Report
    target: Target | None = None
    dispatches: list[Dispatch] = field(default_factory=list)
    schedules: dict[str, Schedule] = field(default_factory=dict)

    def scheduled(self) -> list[ScheduledDispatch]:
        """The dispatches that are not left to IREE."""
        found = []
        for dispatch in self.dispatches:
            name, reading = dispatch.name, dispatch.reading
            if name in self.schedules and reading.workload:
                choice = self.schedules[name]
                found.append(ScheduledDispatch(name, reading.workload, reading.names, choice))
        return found

    def script(self) -> ir.Module:
        """The script of all schedules."""
        with self.report.timed("script"):
            target = self.target or cpu_target('"llvm-cpu"', 1)
            return build_script(self.scheduled(), target, self.session.context)


def plan(
    path: Path, options: Options, scheduler: Scheduler | None = None, *, rewrite: bool = True
) -> Plan:
    """Reads a module and has the model write the schedules of its dispatches.

    Unless told not to `rewrite`, contractions on CPUs multiply rows by columns in the plan's module
    (`ir.dispatch.rows_first`), whether they get a schedule or not.

    Raises InputError for a file that is missing, no MLIR or without compute, CompileError when IREE
    refuses it, TargetError for an unknown target or CPU, CheckpointError for an unusable model.
    """
    flags = options.flags()
    if options.decides_graph():
        # Every function gets a hint of its own, without which the flag would tile all it can.
        flags.append(TILING_FLAG)
    report = Report(_named(path), options.target)
    session = Session(flags)
    module = session.parse(path)
    opening = _opening(options, scheduler)
    try:
        module = _to_dispatches(session, module, options, opening, report)
        with report.timed("reading"):
            normalize(module)
            dispatches = find_dispatches(module)
            if rewrite:
                dispatches = [rows_first(dispatch) for dispatch in dispatches]
        configured = _configure(session, module, report)
    except CompileError as error:
        raise CompileError(f"{_named(path)} does not compile: {error}") from error
    if not dispatches:
        raise InputError(
            f"{_named(path)} holds no computation to compile; give a module with functions"
        )
    result = Plan(session, module, configured, report, dispatches=dispatches)
    attribute = dispatches[0].target
    result.target = registry.read_target(attribute, options.core_count(), session.context)
    with report.timed("loading the model"):
        scheduler = opening.result()
    result.schedules = choose(
        dispatches, configured, result.target, scheduler, options.samples, report
    )
    return result


def _named(source: Path) -> str:
    return shown(source, STANDARD_INPUT)


def _configure(session: Session, module: ir.Operation, report: Report) -> ir.Operation:
    """A copy of a module for which IREE has made its own choices."""
    with report.timed("reading"):
        copy = module.clone().operation
    with report.timed("iree: dispatches to program"):
        return session.run(copy, SOURCES, CONFIGURED)


def _opening(options: Options, scheduler: Scheduler | None) -> Future[Scheduler]:
    """The given scheduler, or one that loads while IREE's first phases keep another core busy."""
    if scheduler is not None:
        opened: Future[Scheduler] = Future()
        opened.set_result(scheduler)
        return opened
    pool = ThreadPoolExecutor(1)
    opened = pool.submit(Scheduler, options.model)
    pool.shutdown(wait=False)
    return opened


def _to_dispatches(
    session: Session,
    module: ir.Operation,
    options: Options,
    opening: Future[Scheduler],
    report: Report,
) -> ir.Operation:
    """From the input to `executable-sources`, with the model's graph-level choices on the way."""
    if not options.decides_graph():
        with report.timed("iree: to dispatches"):
            return session.run(module, None, SOURCES)
    with report.timed("iree: to dispatches"):
        module = session.run(module, None, LAYOUTS)
    text = device_target(module)
    target = cpu_target(text, options.core_count()) if text else None
    start: str | None = LAYOUTS
    for phase, find, apply in (
        (LAYOUTS, find_convolutions, apply_layouts),
        (TILING, find_contractions, apply_tiling),
    ):
        if start != phase:
            with report.timed("iree: to dispatches"):
                module = session.run(module, start, phase)
        start = phase
        if target is None:
            continue
        with report.timed("loading the model"):
            scheduler = opening.result()
        with report.timed("graph"):
            ops = find(module)
            distinct = {op.workload.digest: op.workload for op in ops}
            tasks = [registry.graph_task(workload, target) for workload in distinct.values()]
            answers = scheduler.choose(tasks)
            chosen = dict(zip(distinct, answers, strict=True))
            verdicts = [
                gate(op.workload, target, op.sources, chosen[op.workload.digest]) for op in ops
            ]
            report.graph += [
                GraphReport(
                    op.operation.name, op.workload.digest, verdict.choice, verdict.reason
                )
                for op, verdict in zip(ops, verdicts, strict=True)
            ]
            apply(module, [verdict.choice for verdict in verdicts], ops)
    with report.timed("iree: to dispatches"):
        return session.run(module, start, SOURCES)


def finish(result: Plan, out: Path) -> Report:
    """Applies the script and compiles to a .vmfb; schedules that fail go back to IREE's default."""
    report = result.report
    try:
        _finish_once(result, out)
    except CompileError as error:
        with report.timed("fallback"):
            module, script = result.module, result.script()
            culprits = failing(result.session, module, script, list(result.schedules))
        if not culprits:
            raise CompileError(f"{report.module} does not compile: {error}") from error
        _fall_back(result, culprits)
        result.configured = _configure(result.session, module, report)
        _finish_once(result, out)
    return report


def _finish_once(result: Plan, out: Path) -> None:
    """Compiles what IREE has configured, the scheduled executables exchanged for ones that the
    script configures. Consumes `configured`."""
    chosen = {
        symbol(dispatch.executable): dispatch.executable
        for dispatch in result.dispatches
        if dispatch.name in result.schedules
    }
    if chosen:
        with result.report.timed("pass"):
            scheduled = alone(*chosen.values())
        _apply(result, scheduled)
        with result.report.timed("pass"):
            result.session.run(scheduled, SOURCES, CONFIGURED)
            exchange(result.configured, scheduled)
    with result.report.timed("iree: dispatches to program"):
        result.session.finish(result.configured, CONFIGURED, out)


def _apply(result: Plan, module: ir.Operation) -> None:
    script = result.script()
    with result.report.timed("pass"):
        SchedulePass(script, only=set(result.schedules)).run(module)


def _fall_back(result: Plan, culprits: dict[str, str]) -> None:
    rows = {row.name: row for row in result.report.dispatches}
    for name, reason in culprits.items():
        del result.schedules[name]
        rows[name].outcome, rows[name].reason = FELL_BACK, reason
        message = f"{name}: the schedule does not compile ({reason}); IREE's default is used"
        result.report.warnings.append(message)
        print(f"warning: {message}", file=sys.stderr)


def compile_file(
    source: Path,
    out: Path,
    options: Options,
    *,
    script_out: Path | None = None,
    report_out: Path | None = None,
    scheduler: Scheduler | None = None,
) -> Report:
    """Compiles `source` to the .vmfb `out`. Raises what `plan` raises; no partial file is left."""
    check_writable([out, script_out, report_out])
    result = plan(source, options, scheduler)
    report = finish(result, out)
    if script_out:
        write_text(script_out, str(result.script()))
    if report_out:
        report.write(report_out)
    return report


def write_script(source: Path, out: Path, options: Options) -> Report:
    """Writes the script for stock `iree-compile`, checked against the module it is for.

    Stock compiles the program as it is, so no graph-level choices are made here, and no dispatch is
    rewritten.
    """
    check_writable([out])
    result = plan(source, replace(options, graph=False), rewrite=False)
    _apply(result, result.module)
    write_text(out, str(result.script()))
    return result.report
