# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Many programs against stock IREE: one ratio for each, and whether one falls behind."""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..compiler.options import Options
from ..decisions.dispatch import Lowering
from ..errors import TlmError
from ..files import write_text
from .bench import STOCK, bench

BEHIND = 0.9
"""A program below this ratio is slower than stock by more than noise explains."""


@dataclass(frozen=True)
class Program:
    """A program of a suite, and its parameter files as `--parameters` takes them."""

    path: Path
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ratio:
    """One program: milliseconds of stock and of ours, and stock's over ours.

    `ratio` is of the fastest samples, which a machine that others use disturbs least; `median` of
    the medians. `ratios` has one for each time that the program was measured, of which `ratio` is
    the median. `graph` tells what was chosen for the ops of the program, and why. `problem` says
    why there is no ratio.
    """

    name: str
    stock_ms: float = math.nan
    ours_ms: float = math.nan
    ratio: float = math.nan
    median: float = math.nan
    ratios: tuple[float, ...] = ()
    graph: tuple[str, ...] = ()
    problem: str = ""


def programs_in(paths: Sequence[Path]) -> list[Program]:
    """The .mlir files among some paths and in the folders among them, by name."""
    found = []
    for path in paths:
        found += sorted(path.rglob("*.mlir")) if path.is_dir() else [path]
    return [Program(path) for path in found]


def run_suite(
    programs: Sequence[Program], options: Options, rounds: int, again: int
) -> Iterator[Ratio]:
    """The ratio of each program, in order.

    One that falls behind is measured `again` more times, so that what is noise does not stay.
    """
    for program in programs:
        tries = [_ratio(program, options, rounds)]
        while len(tries) <= again and tries[0].ratio < BEHIND:
            tries.append(_ratio(program, options, rounds))
        good = sorted((each for each in tries if not each.problem), key=lambda each: each.ratio)
        if not good:
            yield tries[0]
            continue
        middle = good[(len(good) - 1) // 2]
        ratios = tuple(each.ratio for each in tries)
        yield Ratio(**{**asdict(middle), "ratios": ratios, "graph": middle.graph})


def _ratio(program: Program, options: Options, rounds: int) -> Ratio:
    name = program.path.stem
    try:
        found = bench(program.path, options, parameters=program.parameters, rounds=rounds)
    except TlmError as error:
        return Ratio(name, problem=str(error))
    stock = next(row for row in found.rows if row.name == STOCK)
    ours = found.ours
    rows = found.report.get("decisions", ())
    graph = tuple(_says(row) for row in rows if row["point"] != Lowering.name)
    for row in (stock, ours):
        if row.median_ms is None:
            problem = f"{row.name} {row.status}: {row.reason}"
            return Ratio(name, graph=graph, problem=problem)
    assert stock.low_ms and ours.low_ms and stock.median_ms and ours.median_ms
    ratio, median = stock.low_ms / ours.low_ms, stock.median_ms / ours.median_ms
    return Ratio(name, stock.low_ms, ours.low_ms, ratio, median, (ratio,), graph)


def _says(row: Mapping[str, Any]) -> str:
    """What a report says of a graph-level decision, in a line."""
    name = row["name"].removeprefix("linalg.")
    choice = row["schedule"].split(" ")[0].removeprefix("graph:") or row["outcome"]
    lead = row["predicted"]
    return f"{name}: {choice}" + (f" ({math.exp(-lead):.2f}x)" if lead is not None else "")


def geometric_mean(ratios: Sequence[Ratio]) -> float:
    """Geometric mean of the ratios that there are; NaN of none."""
    found = [each.ratio for each in ratios if not each.problem]
    return statistics.geometric_mean(found) if found else math.nan


def behind(ratios: Sequence[Ratio]) -> list[Ratio]:
    """The programs that fall behind stock."""
    return [each for each in ratios if each.ratio < BEHIND]


def report_suite(ratios: Sequence[Ratio], out: Path | None) -> int:
    """Prints a table and writes JSON. Returns 1 where a program falls behind stock, else 0."""
    table = Table(title="stock IREE over tlm-mlir, fastest samples")
    for column in ("program", "stock ms", "ours ms", "ratio", "median", "graph choices"):
        table.add_column(column, overflow="fold")
    for each in ratios:
        figures = (f"{each.stock_ms:.3f}", f"{each.ours_ms:.3f}")
        speeds = (f"{each.ratio:.2f}x", f"{each.median:.2f}x")
        last = each.problem or "; ".join(each.graph)
        table.add_row(each.name, *(("", "", "", "") if each.problem else (*figures, *speeds)), last)
    slow = behind(ratios)
    measured = [each for each in ratios if not each.problem]
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(
        f"{len(measured)} of {len(ratios)} programs measured, geometric mean"
        f" {geometric_mean(ratios):.3f}x, {len(slow)} below {BEHIND}x"
    )
    if out:
        data = {
            "geometric_mean": geometric_mean(ratios),
            "behind": [each.name for each in slow],
            "programs": [asdict(each) for each in ratios],
        }
        write_text(out, json.dumps(data, indent=1) + "\n")
    return 1 if slow else 0


def progress(ratios: Iterator[Ratio], count: int) -> list[Ratio]:
    """All of a suite's ratios, with a line on stderr for each as it comes."""
    found = []
    for each in ratios:
        found.append(each)
        says = each.problem or f"{each.ratio:.2f}x ({each.median:.2f}x)"
        print(f"[{len(found)}/{count}] {each.name}: {says}", file=sys.stderr, flush=True)
    return found
