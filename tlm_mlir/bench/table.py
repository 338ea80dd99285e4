# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of a benchmark."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ..compiler.summary import written
from ..decisions.point import LEFT
from ..policy.deciding import DEFAULT, FELL_BACK, SCHEDULED
from .bench import OURS, Bench, Row
from .verdict import RIGHT


def print_bench(result: Bench, console: Console) -> None:
    """The rows, why some have no figures, the notes, and a line about our compile."""
    table = Table(title=f"{result.module}, {result.rounds} interleaved runs", box=SIMPLE_HEAD)
    table.add_column("", overflow="fold", min_width=18)
    for name in ("ms", "min", "max", "speedup", "error", "compile s"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result.rows:
        table.add_row(*_cells(row))
    console.print(table)
    for row in result.rows:
        if row.status != RIGHT:
            console.print(f"{row.name}: {row.status}: {row.reason}", markup=False)
    for note in result.notes:
        console.print(f"note: {note}", markup=False)
    if result.report:
        dispatches = [row for row in result.report["decisions"] if row["point"] == "dispatch"]
        outcomes = [row["outcome"] for row in dispatches]
        kinds = (SCHEDULED, DEFAULT, LEFT, FELL_BACK)
        counts = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in kinds)
        added = result.report["added_seconds"]
        console.print(f"dispatches: {counts}; {OURS} added {added:.2f} s to compiling")
        if shares := written(result.report.get("written", {})):
            console.print(shares)


def _cells(row: Row) -> list[str]:
    compiled = _figure(row.compile_seconds, "{:.1f}")
    error = _figure(row.relative_error, "{:.1e}")
    name = row.name if row.status == RIGHT else f"{row.name}: {row.status}"
    times = [_milliseconds(each) for each in (row.median_ms, row.low_ms, row.high_ms)]
    return [name, *times, _figure(row.speedup, "{:.2f}x"), error, compiled]


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _milliseconds(value: float | None) -> str:
    """Four digits, as far as they stand behind the point."""
    if value is None:
        return "-"
    whole = len(str(int(value)))
    return f"{value:.{min(max(0, 4 - whole), 3)}f}"
