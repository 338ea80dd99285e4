# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The file of a suite's outcomes, from which a stopped run goes on, and what is printed."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..errors import InputError
from .suite import BEHIND, FAILS, MEASURED, NO_PROGRAM, SAME, STOCK_FAILS, Outcome, outcome_of

FAILURES = (FAILS, NO_PROGRAM, STOCK_FAILS)


@dataclass(frozen=True)
class Journal:
    """A file of JSON lines: one that says what all figures are of, then one for each program."""

    path: Path
    about: dict[str, object]

    def read(self) -> list[Outcome]:
        """The outcomes that are there already; a new file is begun where there is none.

        A last line that a killed run left unfinished is dropped. Raises InputError where the file
        is of another run.
        """
        text = self.path.read_text() if self.path.exists() else ""
        whole, _, torn = text.rpartition("\n")
        lines = whole.splitlines()
        if lines and json.loads(lines[0]) != self.about:
            raise InputError(
                f"{self.path} has outcomes of another machine, model or choice of options"
                f" ({lines[0]}); give another --out, or remove it"
            )
        if torn or not lines:
            kept = lines or [json.dumps(self.about)]
            self.path.write_text("".join(f"{line}\n" for line in kept))
        return [outcome_of(line) for line in lines[1:]]

    def add(self, outcome: Outcome) -> None:
        """Appends a line, on the disk before the next program is begun."""
        with self.path.open("a") as file:
            file.write(outcome.to_json() + "\n")
            file.flush()
            os.fsync(file.fileno())


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
