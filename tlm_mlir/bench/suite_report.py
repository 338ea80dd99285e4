# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is printed of a suite's outcomes."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from .suite import BEHIND, FAILS, MEASURED, NO_PROGRAM, SAME, STOCK_FAILS, Outcome

FAILURES = (FAILS, NO_PROGRAM, STOCK_FAILS)


def geometric_mean(outcomes: Iterable[Outcome]) -> float | None:
    """Geometric mean of the ratios that there are."""
    found = [each.ratio for each in outcomes if each.ratio is not None]
    return statistics.geometric_mean(found) if found else None


def progress(outcome: Outcome, number: int, count: int) -> None:
    """A line on stderr for an outcome."""
    says = outcome.reason or ("" if outcome.ratio is None else f"{outcome.ratio:.2f}x")
    print(
        f"[{number}/{count}] {outcome.name}: {outcome.status}, {says}", file=sys.stderr, flush=True
    )


def report_suite(outcomes: Sequence[Outcome]) -> int:
    """Prints a line for each set, what is behind and what fails. Returns 1 where something is."""
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)
    table = Table(title="stock IREE's time over tlm-mlir's")
    columns = ("programs", "geometric mean", MEASURED, SAME, f"below {BEHIND}x", *FAILURES)
    table.add_column("set")
    for name in columns:
        table.add_column(name, justify="right")
    sets = dict.fromkeys(each.set for each in outcomes)
    rows = {name: [each for each in outcomes if each.set == name] for name in sets}
    if len(rows) > 1:
        rows["all"] = list(outcomes)
    for name, some in rows.items():
        mean = geometric_mean(some)
        counts = [sum(each.status == status for each in some) for status in (MEASURED, SAME)]
        failing = [sum(each.status == status for each in some) for status in FAILURES]
        figures = (len(some), "-" if mean is None else f"{mean:.3f}x", *counts)
        slow = sum(each.behind for each in some)
        table.add_row(name, *map(str, (*figures, slow, *failing)))
    console.print(table)
    for each in sorted(outcomes, key=lambda each: each.ratio or 0.0):
        if each.behind or each.status in FAILURES:
            console.print(_says(each), markup=False)
    return 1 if any(each.behind or each.status in (FAILS, NO_PROGRAM) for each in outcomes) else 0


def _says(outcome: Outcome) -> str:
    if outcome.status in FAILURES:
        return f"{outcome.name}: {outcome.status}: {outcome.reason}"
    ratios = ", ".join(f"{ratio:.2f}" for ratio in outcome.ratios)
    times = f"{outcome.stock_ms:.3f} ms and {outcome.ours_ms:.3f} ms"
    return f"{outcome.name}: {outcome.ratio:.2f}x ({ratios}), {times}; {'; '.join(outcome.graph)}"
