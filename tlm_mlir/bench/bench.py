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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..compiler.options import CPU, Options
from ..errors import MeasureError, TargetError
from .checking import References, check
from .compiling import Compiled, compile_ours, compile_stock
from .inputs import arguments, resolve
from .program import check_parameters
from .running import Case, call_all, keeps_state, time_all
from .signature import source_inputs
from .values import save_values
from .verdict import RIGHT, Verdict, limit

STOCK, OURS = "stock default", "tlm-mlir"
NOT_COMPILED, NOT_RUN = "does not compile", "does not run"


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
            f"bench runs programs on this machine's CPU; for {' and '.join(options.compiled_for())}"
            " make a bundle"
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
        programs = {way.name: way.path for way in ways if not way.reason}
        results, failed = call_all(programs, case)
        bound = limit(values, next(iter(results.values()), ()))
        verdicts, found = check(results, bound, References(source, options, case, folder))
        right = {name for name, verdict in verdicts.items() if verdict.status == RIGHT}
        runs = {name: (programs[name], keeps_state(results[name])) for name in right}
        times, stopped = time_all({name: runs[name] for name in programs if name in runs}, case)
    failed |= stopped
    rows = [_row(way, verdicts.get(way.name), failed, times, bound) for way in ways]
    report = next(way.report for way in ways if way.name == OURS)
    return Bench(str(source), rounds, tuple(_with_speedups(rows)), (*notes, *found), report)


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
