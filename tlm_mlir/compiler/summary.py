# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A report in a line, and in a line for each decision that is not IREE's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..decisions.attention import DECOMPOSED
from ..decisions.channels_last import LAST
from ..decisions.dispatch import Lowering
from ..decisions.im2col_script import IM2COL
from ..decisions.packing import TILED
from ..decisions.point import AT_LOAD, LEFT
from ..decisions.steps import STEPS
from ..decisions.weights import PACKED
from ..policy.deciding import DEFAULT, FELL_BACK, IREE, MODEL, OTHERS, SCHEDULED
from .report import Report, Row

EARLY = {
    LAST: ("convolution", "channels last"),
    IM2COL: ("convolution", "by im2col"),
    DECOMPOSED: ("attention", "decomposed"),
    STEPS: ("argmax", "in steps"),
    PACKED: ("product", "with packed weights"),
    TILED: ("matmul", "tiled"),
}
"""What is said of ops by the first token of what was decided about them."""
DISPATCHES = {
    SCHEDULED: "scheduled",
    DEFAULT: "at IREE's default",
    LEFT: "left",
    AT_LOAD: "run at load",
    FELL_BACK: "fell back",
}
"""What is said of dispatches by their outcome."""
AUTHORS = {
    MODEL: "is in dispatches whose schedule the model wrote",
    OTHERS: "a sketch or a script",
    IREE: "IREE's default",
    LEFT: "left to IREE",
}
"""What is said of dispatches by who wrote their schedule."""


def summary(report: Report, name: str) -> str:
    """What a compile did, in a line that begins with the name of the output.

    Only what happened is told: a count of none is left out.
    """
    done = ", ".join(_early(report.decisions))
    parts = [done, ", ".join(_dispatches(report)), _built_for(report), _seconds(report)]
    return f"{name}: {'; '.join(part for part in parts if part)}"


def details(report: Report) -> list[str]:
    """A line for each decision that differs from what IREE does by itself, and one that says who
    wrote how much."""
    told = [_detail(row) for row in report.decisions if row.outcome == SCHEDULED]
    shares = written(report.written)
    return [*told, shares] if shares else told


def written(shares: Mapping[str, float]) -> str:
    """Who wrote the schedules, by the share of the least time (`Report.written`); empty where that
    is not known."""
    if not shares:
        return ""
    first, *rest = ((shares[author], words) for author, words in AUTHORS.items())
    told = "; ".join(f"{share:.0%} {words}" for share, words in rest)
    return f"of the least time, {first[0]:.0%} {first[1]}; {told}"


def plural(count: int, noun: str) -> str:
    """A number of things: "1 core", "2 cores", "2 dispatches"."""
    ending = "" if count == 1 else "es" if noun.endswith("ch") else "s"
    return f"{count} {noun}{ending}"


def _early(rows: Iterable[Row]) -> list[str]:
    """What became of ops before dispatches were formed."""
    found = Counter(
        row.schedule.split(" ", 1)[0]
        for row in rows
        if row.point != Lowering.name and row.outcome == SCHEDULED
    )
    return [
        f"{plural(found[token], noun)} {how}"
        for token, (noun, how) in EARLY.items()
        if found[token]
    ]


def _dispatches(report: Report) -> list[str]:
    if not (report.model or report.decisions):
        return ["compiled as IREE does"]
    if not report.dispatches:
        return ["no dispatches"]
    counts = {text: report.count(outcome) for outcome, text in DISPATCHES.items()}
    (first, count), *rest = [(text, count) for text, count in counts.items() if count]
    measured = sum(1 for row in report.dispatches if _measured(row))
    told = [f"{count} {text}" for text, count in rest]
    told += [f"{measured} of them measured"] if measured else []
    return [f"{plural(count, 'dispatch')} {first}", *told]


def _measured(row: Row) -> float | None:
    """How fast what is done was measured to be beside IREE's default, 1 where that is done; None
    where nothing was measured."""
    iree, ours = row.details.iree, row.details.ours
    if iree is None or iree.measured is None:
        return None
    return iree.measured / ours.measured if ours and ours.measured else 1.0


def _built_for(report: Report) -> str:
    if not report.hardware:
        return ""
    here = " (this machine)" if report.host else ""
    cores = f", {plural(report.cores, 'core')}" if report.cores else ""
    return f"built for {_listed(report.hardware)}{here}{cores}"


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _seconds(report: Report) -> str:
    if report.cached:
        return f"from the cache, {report.total_seconds:.1f} s"
    return f"{report.total_seconds:.1f} s, {report.own_seconds():.1f} s of it ours"


def _detail(row: Row) -> str:
    where = f" at {row.location}" if row.location else ""
    told = f"{row.point} {row.name}{where}: {row.schedule or row.reason}"
    if measured := _measured(row):
        return f"{told} (measured {measured:.2f}x as fast as IREE's)"
    if row.predicted is None:
        return told
    faster = f"{math.exp(-row.predicted):.2f}x as fast as IREE's"
    return f"{told} (predicted {faster} by {row.compared_by})"
