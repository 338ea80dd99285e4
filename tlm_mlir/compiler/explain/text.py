# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A report as text: a paragraph for each decision."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ..report import Report, Row
from ..summary import written
from .figures import gain, largest_first, measured, percent, summary, way, work_done

WIDTH = 100
SHOWN = 2
"""Schedules that are told of besides what is done."""
LABEL = 12
"""Columns of a paragraph's left margin, in which the labels stand."""


def text(report: Report, width: int = WIDTH) -> str:
    """All decisions of a report, the one with the largest share of the work first."""
    parts = ["\n".join(filter(None, (summary(report), written(report.written))))]
    parts += [f"warning: {warning}" for warning in report.warnings]
    parts += ["\n".join(_paragraph(row, width)) for row in largest_first(report)]
    return "\n\n".join(parts)


def _paragraph(row: Row, width: int) -> Iterator[str]:
    where = f"  {row.location}" if row.location else ""
    yield f"{percent(row.details.share):>6}  {row.point} {row.name}{where}"
    for label, told in _lines(row):
        yield textwrap.fill(
            told,
            max(width, 2 * LABEL),
            initial_indent=f"  {label:<{LABEL - 2}}",
            subsequent_indent=" " * LABEL,
            break_long_words=False,
        )


def _lines(row: Row) -> Iterator[tuple[str, str]]:
    """(label, what is told) of a decision."""
    found = row.details
    if found.op:
        yield "computes", found.op
    if done := work_done(row):
        yield "work", done
    if found.iree:
        yield "IREE", way(found.iree, found.unit)
    elif found.configuration:
        yield "IREE", found.configuration.splitlines()[0].partition(" = ")[2]
    if found.ours:
        yield "ours", way(found.ours, found.unit)
        if faster := gain(row):
            yield "gain", f"{faster}, predicted by {row.compared_by}"
    else:
        yield "ours", f"IREE's own ({row.outcome}): {row.reason}"
    if times := measured(row):
        yield "measured", times
    for place, other in enumerate(found.others[:SHOWN]):
        yield "also" if not place else "", f"{other.words}: {other.note}"
    if len(found.others) > SHOWN:
        yield "", f"and {len(found.others) - SHOWN} more, which the report has"
