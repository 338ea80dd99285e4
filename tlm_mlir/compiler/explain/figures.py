# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures as people read them, and the order in which decisions are shown."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...decisions.point import AT_LOAD, LEFT
from ...policy.deciding import DEFAULT, FELL_BACK
from ..report import Report, Row
from .details import Way

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
SUBSECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))
OUTCOMES = {
    DEFAULT: "at IREE's default",
    FELL_BACK: "fell back to IREE's default",
    LEFT: "left to IREE",
    AT_LOAD: "run once at load",
}
"""Words for outcomes that are no words themselves."""


def amount(number: float, unit: str) -> str:
    """A large number with a prefix: 2.46 MFLOP."""
    for factor, prefix in PREFIXES:
        if number >= factor:
            return f"{_three(number / factor)} {prefix}{unit}"
    return f"{number:.0f} {unit}"


def duration(number: float, unit: str) -> str:
    """An estimate in its unit."""
    if unit != "seconds":
        return f"{number:,.0f} clocks"
    for factor, name in SUBSECONDS:
        if number >= factor:
            return f"{_three(number / factor)} {name}"
    return f"{number * 1e6:.2f} us"


def _three(number: float) -> str:
    """A number from 1 to 1000 with three digits."""
    return f"{number:.{2 if number < 10 else 1 if number < 100 else 0}f}"


def percent(share: float | None) -> str:
    """A share of the work; a dash where it is not known."""
    return "-" if share is None else f"{100 * share:.1f}%"


def gain(row: Row) -> str:
    """How much faster than IREE's default what is done is predicted to be; empty if nothing is."""
    ours = row.details.ours
    if ours is None or ours.predicted is None:
        return ""
    return f"{math.exp(-ours.predicted):.2f}x"


def measured(row: Row) -> str:
    """Measured times of IREE's default and of what is done; empty where nothing was measured."""
    iree, ours = row.details.iree, row.details.ours
    if iree is None or iree.measured is None:
        return ""
    default = f"IREE's default {duration(iree.measured, 'seconds')}"
    if ours is None or ours.measured is None:
        return default
    faster = iree.measured / ours.measured
    return f"{default}, ours {duration(ours.measured, 'seconds')}: {faster:.2f}x"


def work_done(row: Row) -> str:
    """Operations, bytes and launches; empty where they are not known."""
    work = row.details.work
    if work is None:
        return ""
    if not work.launches:
        return "once, when the program loads"
    told = f"{amount(work.operations, 'FLOP')}, {amount(work.bytes, 'B')}"
    return told if work.launches == 1 else f"{told}, in {work.launches} launches"


def way(found: Way, unit: str) -> str:
    """A way in words, with its estimate where there is one."""
    if found.estimated is None:
        return found.words
    return f"{found.words} (estimated {duration(found.estimated, unit)})"


def largest_first(report: Report) -> list[Row]:
    """The rows in the order of their share, those without one last, in program order."""
    return sorted(report.decisions, key=lambda row: -(row.details.share or 0.0))


def summary(report: Report) -> str:
    """A line about all decisions."""
    counts = ", ".join(
        f"{n} {OUTCOMES.get(outcome, outcome)}" for outcome, n in _counted(report.decisions)
    )
    dispatches = len(report.dispatches)
    asked = f"{_some(dispatches, 'dispatch', 'es')}, "
    asked += _some(len(report.decisions) - dispatches, "earlier decision", "s")
    return f"{report.module} for {report.target}: {asked}; {counts or 'nothing to decide'}"


def _some(count: int, what: str, plural: str) -> str:
    return f"{count} {what}{plural * (count != 1)}"


def _counted(rows: Sequence[Row]) -> list[tuple[str, int]]:
    outcomes = [row.outcome for row in rows]
    return [(outcome, outcomes.count(outcome)) for outcome in dict.fromkeys(outcomes)]
