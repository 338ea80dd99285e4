# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir bench`: stock IREE against ours on one module, values checked, timings interleaved.

Every program runs in a process of its own: for its values in a fresh one, with the calls that all
others get, and in another fresh one for its timings. What fails becomes a row that says so.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..compiler.options import CPU, Options
from ..errors import MeasureError, TargetError
from ..iree.flags import INPUT_PREFIX
from .compiling import Compiled, compile_ours, compile_stock
from .inputs import arguments, resolve
from .program import check_parameters
from .runner import Runner
from .signature import source_inputs
from .values import Value, save_values
from .verdict import REFERENCES, RIGHT, UNDECIDED, Calls, Verdict, judge, limit

STOCK, OURS = "stock default", "tlm-mlir"
NOT_COMPILED, NOT_RUN = "does not compile", "does not run"
CALLS = 2
"""Calls whose values are compared: a program that keeps state answers differently the second
time."""
SAMPLE_SECONDS = 2e-3
"""A shorter call is repeated for so long, or the clock and the system are what is timed."""
MOST_CALLS = 1000


@dataclass(frozen=True)
class Row:
    """One way to compile the module: medians in milliseconds, compile time in seconds.

    `status` is `ok`, or says what is wrong, and `reason` why. `relative_error` is against the
    program that `against` names. A program without right values has no speed.
    """

    name: str
    flags: tuple[str, ...]
    status: str
    reason: str = ""
    median_ms: float | None = None
    low_ms: float | None = None
    high_ms: float | None = None
    speedup: float | None = None
    relative_error: float | None = None
    against: str = ""
    compile_seconds: float | None = None


@dataclass(frozen=True)
class Bench:
    """A benchmark: the rows, what was assumed and found besides, and the report of our compile."""

    module: str
    rounds: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    report: Mapping[str, Any]

    @property
    def ours(self) -> Row:
        """The row of tlm-mlir."""
        return next(row for row in self.rows if row.name == OURS)

    def to_json(self) -> str:
        """The whole as JSON."""
        return json.dumps(asdict(self), indent=2)


@dataclass(frozen=True)
class Case:
    """How the programs of a module are run."""

    function: str
    parameters: tuple[str, ...]
    values: Path
    rounds: int

    def runner(self, program: Path) -> Runner:
        """A fresh process with a program. Raises MeasureError when it cannot be loaded."""
        return Runner(program, self.values, self.parameters, self.function)


def bench(
    source: Path,
    options: Options,
    *,
    baselines: Sequence[tuple[str, ...]] = (),
    inputs: Sequence[str] = (),
    parameters: Sequence[str] = (),
    function: str = "",
    rounds: int = 20,
) -> Bench:
    """Compiles `source` by stock defaults, by each set of baseline flags and by us, and times them.

    `inputs` are texts as `--input` takes them. Raises InputError for inputs that do not fit,
    CompileError for a module that is none, TargetError for a GPU, MeasureError without rounds.
    """
    if options.target != CPU:
        raise TargetError(
            f"bench runs programs on this machine's CPU; for {options.target} make a bundle"
            " (`tlm-mlir bundle`) and run it where the device is"
        )
    if rounds < 1:
        raise MeasureError(f"{rounds} rounds measure nothing; ask for one or more")
    check_parameters(parameters)
    resolved, notes = resolve(source_inputs(source, function, options.flags()), inputs)
    values = arguments(resolved)
    with tempfile.TemporaryDirectory(prefix="tlm-bench-") as name:
        folder = Path(name)
        case = Case(function, tuple(parameters), folder / "arguments.npz", rounds)
        save_values(case.values, values)
        ways = list(_compile(source, options, baselines, folder))
        results, failed = _results({way.name: way.path for way in ways if not way.reason}, case)
        doubtful = bool(options.iree_args) or _disagree(results, values)
        references: dict[str, Calls] = {}
        if doubtful and results:
            references, why = _references(source, options, case, folder)
            notes += why
        bound = limit(values, next(iter(results.values()), ()))
        verdicts = judge(results, references, bound)
        notes += _judged_by(verdicts)
        right = [way for way in ways if way.name in verdicts and verdicts[way.name].status == RIGHT]
        times, stopped = _time([(way.name, way.path) for way in right], case, results)
    failed |= stopped
    rows = [_row(way, verdicts.get(way.name), failed, times, bound) for way in ways]
    report = next(way.report for way in ways if way.name == OURS)
    return Bench(str(source), rounds, tuple(_with_speedups(rows)), tuple(notes), report)


def _compile(
    source: Path, options: Options, baselines: Sequence[tuple[str, ...]], folder: Path
) -> Iterator[Compiled]:
    flags = options.flags()
    for number, extra in enumerate([(), *baselines]):
        name = f"stock {' '.join(map(_short, extra))}" if extra else STOCK
        yield compile_stock(name, source, flags, extra, folder / f"stock{number}.vmfb")
    yield compile_ours(source, options, folder / "ours.vmfb")


def _short(flag: str) -> str:
    return flag.removeprefix("--iree-")


def _results(programs: Mapping[str, Path], case: Case) -> tuple[dict[str, Calls], dict[str, str]]:
    """The results of each program's calls in a fresh process; and why, of those that have none."""
    found: dict[str, Calls] = {}
    failed = {}
    for name, path in programs.items():
        try:
            with case.runner(path) as runner:
                found[name] = [runner.run() for _ in range(CALLS)]
        except MeasureError as error:
            failed[name] = str(error)
    return found, failed


def _disagree(results: Mapping[str, Calls], values: Sequence[Value]) -> bool:
    first: Calls = next(iter(results.values()), ())
    verdicts = judge(results, {}, limit(values, first)).values()
    return any(verdict.status != RIGHT for verdict in verdicts)


def _references(
    source: Path, options: Options, case: Case, folder: Path
) -> tuple[dict[str, Calls], list[str]]:
    """The results of each reference; and a note for each that has none."""
    kept = [flag for flag in options.iree_args if flag.startswith(INPUT_PREFIX)]
    programs, notes = {}, []
    for number, reference in enumerate(REFERENCES):
        path = folder / f"reference{number}.vmfb"
        compiled = compile_stock(reference.name, source, [*reference.flags, *kept], (), path)
        if compiled.reason:
            notes.append(f"reference {reference.name} does not compile: {compiled.reason}")
        else:
            programs[reference.name] = path
    found, failed = _results(programs, case)
    return found, notes + [f"reference {name} does not run: {why}" for name, why in failed.items()]


def _judged_by(verdicts: Mapping[str, Verdict]) -> list[str]:
    if any(verdict.status == UNDECIDED for verdict in verdicts.values()):
        return ["values differ, and no reference agrees with any program, so none is convicted"]
    names = {verdict.against for verdict in verdicts.values()} - set(verdicts)
    return [f"values are judged by the reference {name}" for name in sorted(names)]


def _time(
    programs: Sequence[tuple[str, Path]], case: Case, results: Mapping[str, Calls]
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Seconds of a call by program and round, a sample of each program in turn.

    And why, of programs that failed on the way.
    """
    seconds: dict[str, list[float]] = {}
    failed: dict[str, str] = {}
    with ExitStack() as stack:
        runners: dict[str, tuple[Runner, int]] = {}
        for name, path in programs:
            try:
                runner = stack.enter_context(case.runner(path))
                runners[name] = runner, _calls(runner, results[name])
            except MeasureError as error:
                failed[name] = str(error)
        for _ in range(case.rounds):
            for name, (runner, calls) in runners.items():
                if name in failed:
                    continue
                try:
                    seconds.setdefault(name, []).append(runner.time(calls))
                except MeasureError as error:
                    failed[name] = str(error)
    return seconds, failed


def _calls(runner: Runner, results: Calls) -> int:
    """Warms a program up; how many calls make a sample.

    One of a program that keeps state: how often it can be called is not known.
    """
    first, *others = results
    runner.time()
    keeps_state = any(
        len(first) != len(other) or not all(map(Value.same, first, other)) for other in others
    )
    if keeps_state:
        return 1
    return min(max(1, round(SAMPLE_SECONDS / max(runner.time(), 1e-9))), MOST_CALLS)


def _row(
    way: Compiled,
    verdict: Verdict | None,
    failed: Mapping[str, str],
    times: Mapping[str, Sequence[float]],
    bound: float,
) -> Row:
    row = Row(way.name, way.flags, RIGHT, compile_seconds=way.seconds)
    if way.reason:
        return replace(row, status=NOT_COMPILED, reason=way.reason)
    if verdict:
        row = replace(row, relative_error=verdict.error, against=verdict.against)
    if way.name in failed or verdict is None:
        return replace(row, status=NOT_RUN, reason=failed[way.name])
    if verdict.status != RIGHT:
        off = f"off by {verdict.error:.2g} of the largest from {verdict.against}, not {bound:g}"
        return replace(row, status=verdict.status, reason=off)
    scaled = sorted(1e3 * each for each in times[way.name])
    return replace(row, median_ms=statistics.median(scaled), low_ms=scaled[0], high_ms=scaled[-1])


def _with_speedups(rows: Sequence[Row]) -> list[Row]:
    """Speed-ups over the stock default, where that is right."""
    base = rows[0].median_ms
    return [
        replace(row, speedup=base / row.median_ms) if base and row.median_ms else row
        for row in rows
    ]
