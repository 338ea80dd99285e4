# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures of a report, as SVG: shares of the work, and the roofline. Needs matplotlib."""

from __future__ import annotations

import io

import matplotlib
from matplotlib.figure import Figure

from ...policy.deciding import SCHEDULED
from ..report import Report, Row
from .details import Way
from .figures import largest_first
from .work import Roof

MOST_BARS = 15
COLOURS = {True: "#1b7837", False: "#999999"}
"""Of what is scheduled, and of the rest."""
LEGEND = {True: "scheduled", False: "IREE's own"}
STYLE = {"svg.hashsalt": "tlm-mlir", "svg.fonttype": "none"}
"""The same report gives the same bytes, and letters stay letters."""


def shares(report: Report) -> str:
    """Shares of the work of the dispatches that have most of it; empty where none is known."""
    rows = [row for row in largest_first(report) if row.details.share and row in report.dispatches]
    if not rows:
        return ""
    rows = rows[:MOST_BARS][::-1]
    figure = Figure(figsize=(9, 0.6 + 0.28 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    axes.barh(
        range(len(rows)),
        [100 * (row.details.share or 0.0) for row in rows],
        color=[COLOURS[row.outcome == SCHEDULED] for row in rows],
    )
    axes.set_yticks(range(len(rows)), [row.details.op for row in rows])
    axes.set_xlabel("% of the least time of all dispatches")
    return _svg(figure)


def roofline(report: Report) -> str:
    """Operations a clock over operations a byte, of dispatches: by an estimate where there is one,
    else at the roof; empty where the roof is not known."""
    if report.roof is None:
        return ""
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    ridge = report.roof.operations / report.roof.bytes
    ends = [ridge / 100, ridge, ridge * 100]
    axes.plot(ends, [min(report.roof.operations, x * report.roof.bytes) for x in ends], "k-")
    for scheduled in COLOURS:
        points = [
            point
            for row in report.dispatches
            if (row.outcome == SCHEDULED) == scheduled and (point := _point(row, report.roof))
        ]
        if points:
            axes.scatter(
                *zip(*points, strict=True), color=COLOURS[scheduled], label=LEGEND[scheduled]
            )
            axes.legend()
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("operations for each byte from memory")
    axes.set_ylabel("operations in a clock")
    return _svg(figure)


def _point(row: Row, roof: Roof) -> tuple[float, float] | None:
    """(operations a byte, operations a clock) of a dispatch; None where its work is not known."""
    work = row.details.work
    if work is None or not work.operations or not work.bytes or not work.launches:
        return None
    clocks = roof.clocks(work.operations, work.bytes)
    found: Way | None = row.details.ours or row.details.iree
    if found is not None and found.estimated and row.details.unit == "clocks":
        clocks = max(clocks, found.estimated * work.launches)
    return work.operations / work.bytes, work.operations / clocks


def _svg(figure: Figure) -> str:
    """The picture without the header that a file of its own would have."""
    stream = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
