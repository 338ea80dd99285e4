# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir bench`: stock IREE against ours on one module, values checked, timings interleaved."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..compiler.driver import CPU, Options, compile_file
from ..compiler.report import Report
from ..errors import CompileError, MeasureError, TargetError
from ..iree.invocation import first_line
from ..iree.session import iree_compile
from .agreement import difference, tolerance
from .inputs import Value, arguments, resolve
from .program import Program, interleave
from .signature import source_inputs


@dataclass(frozen=True)
class Row:
    """One way to compile the module: medians in milliseconds, compile time in seconds."""

    name: str
    flags: tuple[str, ...]
    median_ms: float
    low_ms: float
    high_ms: float
    speedup: float
    relative_error: float
    compile_seconds: float


@dataclass(frozen=True)
class Bench:
    """A benchmark: the rows and the report of our compile."""

    module: str
    rounds: int
    rows: tuple[Row, ...]
    report: Report

    def to_json(self) -> str:
        """The whole as JSON."""
        data = {
            "module": self.module,
            "rounds": self.rounds,
            "rows": [asdict(row) for row in self.rows],
            "report": json.loads(self.report.to_json()),
        }
        return json.dumps(data, indent=2)


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

    Raises MeasureError when values disagree: a wrong program has no speed; TargetError for a GPU.
    """
    if options.target != CPU:
        raise TargetError(
            f"bench runs programs on this machine's CPU; for {options.target} make a bundle"
            " (`tlm-mlir bundle`) and run it where the device is"
        )
    ways: list[tuple[str, tuple[str, ...]]] = [("stock default", ())]
    ways += [(f"stock {' '.join(_short(flag) for flag in flags)}", flags) for flags in baselines]
    with tempfile.TemporaryDirectory(prefix="tlm-bench-") as name:
        folder = Path(name)
        paths, seconds = [], []
        for number, (_, flags) in enumerate(ways):
            paths.append(folder / f"stock{number}.vmfb")
            start = time.perf_counter()
            stock = replace(options, iree_args=(*options.iree_args, *flags))
            _compile_stock(source, paths[-1], stock)
            seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
        paths.append(folder / "ours.vmfb")
        report = compile_file(source, paths[-1], options)
        seconds.append(time.perf_counter() - start)
        ways.append(("tlm-mlir", ()))
        found, _ = resolve(source_inputs(source, function, options.flags()), inputs)
        values = arguments(found)
        programs = [Program(path, parameters, function) for path in paths]
        errors = _check(ways, programs, values)
        timings = interleave(programs, values, rounds)
    base = statistics.median(timings[0])
    rows = []
    for way, times, error, compile_seconds in zip(ways, timings, errors, seconds, strict=True):
        median = statistics.median(times)
        scaled = (median * 1e3, min(times) * 1e3, max(times) * 1e3)
        rows.append(Row(*way, *scaled, base / median, error, compile_seconds))
    return Bench(str(source), rounds, tuple(rows), report)


def _compile_stock(source: Path, out: Path, options: Options) -> None:
    # In a process of its own: some of IREE's flags hold for a whole process.
    result = iree_compile(str(source), [*options.flags(), "-o", str(out)])
    if result.returncode:
        why = first_line(result.stderr)
        raise CompileError(f"stock iree-compile fails on {source} {options.iree_args}: {why}")


def _check(
    ways: Sequence[tuple[str, tuple[str, ...]]],
    programs: Sequence[Program],
    values: Sequence[Value],
) -> list[float]:
    results = [program.run(program.upload(values)) for program in programs]
    limit = tolerance(value.element for value in (*values, *results[0]))
    errors = []
    for (name, _), got in zip(ways, results, strict=True):
        errors.append(difference(got, results[0]))
        if errors[-1] > limit:
            raise MeasureError(
                f"the values of '{name}' are off by {errors[-1]:.2g} of the largest, more than "
                f"{limit:g}; please report this module"
            )
    return errors


def _short(flag: str) -> str:
    return flag.removeprefix("--iree-")


def print_bench(result: Bench, console: Console) -> None:
    """The table and a line about our compile."""
    table = Table(title=f"{result.module}, {result.rounds} interleaved runs")
    table.add_column("", overflow="fold", min_width=20)
    for name in ("median ms", "min", "max", "speedup", "error", "compile s"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result.rows:
        figures = (f"{row.median_ms:.2f}", f"{row.low_ms:.2f}", f"{row.high_ms:.2f}")
        last = (f"{row.speedup:.2f}x", f"{row.relative_error:.1e}", f"{row.compile_seconds:.1f}")
        table.add_row(row.name, *figures, *last)
    console.print(table)
    report = result.report
    outcomes = ("scheduled", "default", "left", "fallback")
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in outcomes)
    console.print(
        f"dispatches: {counts}; tlm-mlir added {report.added_seconds():.2f} s to compiling"
    )
