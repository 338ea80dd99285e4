# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The one reader of records: from files to what is known of each task. No torch.

Three kinds of rows share one form, JSON lines (.jsonl, or .jsonl.xz): measured records
(measure/database.py); rows like them that are `predicted` (distill.py); and rows that hold a list
`schedules` of legal schedules that nobody measured (unmeasured.py). Generator and cost model learn
from the same rows: those whose schedules are of today's space, and that one version of IREE
compiled. The others are counted, for each file. A record of before a word of the vocabulary is of
today's space if what it could not say is decided as it was then (language/known.py).
"""

from __future__ import annotations

import json
import lzma
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...decisions.points import early_task
from ...errors import InputError, RecordError
from ...ir.workload import Workload
from ...iree.release import installed_iree
from ...language import vocabulary
from ...language.schedule import Schedule
from ...measure.bundle_builder import CONFIGURATION
from ...measure.lines import canonical
from ...targets import registry
from ...targets.target import Target
from ...targets.task import Task

OK = "ok"
SOURCES = "sources"
"""Where the inputs of an op of a program come from (`ir/sources.py`), among a record's statics."""
GRAPH = "graph:"
"""How schedules begin that answer the question "graph"; all others answer "decide"."""
USED = "used"
OUTSIDE = "outside of today's space"
OTHER_IREE = "of another IREE"
OTHER_WORDS = "of another vocabulary"
VERDICTS = (USED, OUTSIDE, OTHER_IREE, OTHER_WORDS)
"""What becomes of a row: it is used, or why not."""


@dataclass(frozen=True)
class Measured:
    """One schedule and how it did; `text` are its tokens as one line.

    `seconds` and `default_seconds` (of IREE's default) are medians of one interleaved batch.
    `seconds` is None where the schedule failed. Of a predicted one both are in an unknown unit.
    """

    schedule: Schedule
    text: str
    seconds: float | None
    default_seconds: float | None

    @property
    def ratio(self) -> float | None:
        """Latency over that of IREE's default, None for a failure. The machine's speed and its
        noise from batch to batch cancel."""
        if self.seconds is None or self.default_seconds is None:
            return None
        return self.seconds / self.default_seconds


@dataclass(frozen=True)
class Rows:
    """All that is known of one task: what was measured, what was predicted, and schedules, as text,
    that are legal.

    `workload` and `target` are the task's as JSON. `configuration` is what IREE chose, where the
    record of its default says so; else empty.
    """

    task: Task
    workload: str
    target: str
    measured: tuple[Measured, ...]
    predicted: tuple[Measured, ...]
    unmeasured: tuple[str, ...]
    configuration: str


@dataclass(frozen=True)
class _Row:
    """A line of a file before its schedules are decoded."""

    file: Path
    place: str
    schedules: tuple[str, ...]
    outcome: tuple[float | None, float | None] | None
    """Seconds of the schedule and of the default; None where nobody measured."""
    predicted: bool
    configuration: str
    words: int | None
    """Size of the vocabulary that the row was written with; None where it does not say."""


_Key = tuple[str, str, bool, tuple[str, ...]]
"""A workload and a target as JSON, whether the question is one about a whole program, and where
the inputs come from, if that is known."""


class Reader:
    """The rows of files, task by task, in order of first appearance.

    Iterating reads the files once; afterwards `counts` holds, for each file, how many schedules
    met which of VERDICTS.
    """

    def __init__(self, paths: Iterable[Path | str], iree: str | None = None) -> None:
        """`iree` is the version whose records are used; the installed one unless given."""
        self._paths = [Path(path) for path in paths]
        self.iree = iree or installed_iree()
        self.counts: dict[Path, Counter[str]] = {}

    def __iter__(self) -> Iterator[Rows]:
        """What is known of each task.

        Raises:
          RecordError: a file is missing or damaged, or a row of it is not from this project.
        """
        self.counts = {path: Counter() for path in self._paths}
        groups: dict[_Key, list[_Row]] = {}
        for path in self._paths:
            for place, row in read_lines(path):
                key, parsed = _parse(path, place, row)
                if verdict := self._refused(row, place, parsed.words):
                    self.counts[path][verdict] += len(parsed.schedules)
                else:
                    groups.setdefault(key, []).append(parsed)
        while groups:
            key = next(iter(groups))
            rows = self._decoded(key, groups.pop(key))
            if rows.measured or rows.predicted or rows.unmeasured:
                yield rows

    def summary(self) -> str:
        """What became of the rows, one line for each file."""
        return "\n".join(
            f"{path}: {counts.total()} schedules, "
            + ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
            for path, counts in self.counts.items()
        )

    def _refused(self, row: dict[str, Any], place: str, words: int | None) -> str:
        """Why a row is not looked at; empty where it is.

        A row that nobody measured depends on no compiler.
        """
        if "schedules" in row or row.get("predicted"):
            return ""
        versions = row.get("versions")
        if not isinstance(versions, dict) or "iree" not in versions:
            raise RecordError(f"{place} does not say which IREE compiled it; add it to `versions`")
        if versions["iree"] != self.iree:
            return OTHER_IREE
        unknown = "vocabulary" in versions and words is None
        return OTHER_WORDS if unknown else ""

    def _decoded(self, key: _Key, rows: list[_Row]) -> Rows:
        workload, target, graph, sources = key
        make = early_task if graph else registry.task
        task: Task = make(Workload.from_json(workload), Target.from_json(target))
        task = replace(task, sources=sources) if sources else task
        found: dict[bool, list[Measured]] = {False: [], True: []}
        unmeasured = []
        for row in rows:
            for text in row.schedules:
                schedule, today = _decode(task, text, row.words)
                if schedule is None:
                    self.counts[row.file][OUTSIDE] += 1
                    continue
                self.counts[row.file][USED] += 1
                if row.outcome is None:
                    unmeasured.append(today)
                else:
                    found[row.predicted].append(Measured(schedule, today, *row.outcome))
        chosen = next(filter(None, (row.configuration for row in rows)), "")
        known = (tuple(found[False]), tuple(found[True]), tuple(unmeasured))
        return Rows(task, workload, target, *known, chosen)


def _decode(task: Task, text: str, words: int | None) -> tuple[Schedule | None, str]:
    """The schedule that a text of the first `words` of the vocabulary spells, and how it is spelled
    today; None where today's space does not hold it."""
    try:
        return task.parse(text), text
    except InputError:
        if words is None or words == vocabulary.SIZE:
            return None, text
    try:
        schedule = task.parse(text, words)
    except InputError:
        return None, text
    return schedule, task.text(schedule)


def _parse(path: Path, place: str, row: dict[str, Any]) -> tuple[_Key, _Row]:
    try:
        schedules = row["schedules"] if "schedules" in row else [row["schedule"]]
        texts = tuple(map(str, schedules))
        graph = texts[0].startswith(GRAPH) if texts else False
        statics = row.get("statics", {})
        sources = tuple(map(str, statics.get(SOURCES, ())))
        key = (row["workload"], _text(row["target"]), graph, sources)
    except KeyError as error:
        raise RecordError(f"{place} lacks {error}; it is not from this project") from None
    outcome = None if "schedules" in row else _outcome(row, place)
    chosen = statics.get(CONFIGURATION, "")
    versions = row.get("versions")
    digest = versions.get("vocabulary") if isinstance(versions, dict) else None
    words = vocabulary.prefixes().get(str(digest))
    return key, _Row(path, place, texts, outcome, bool(row.get("predicted")), chosen, words)


def _outcome(row: dict[str, Any], place: str) -> tuple[float | None, float | None]:
    base = row.get("default_seconds")
    if row.get("status") != OK:
        return None, base
    for value in (row.get("seconds"), base):
        if not isinstance(value, (int, float)) or not 0 < value < math.inf:
            raise RecordError(
                f"{place} has status ok but {value!r} seconds; remove it or measure it again"
            )
    return float(row["seconds"]), float(row["default_seconds"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else canonical(value)


def targets(paths: Iterable[Path | str]) -> list[str]:
    """The targets (JSON) that the records of files are about."""
    found = {_text(row["target"]) for path in paths for _, row in read_lines(Path(path))}
    return sorted(found)


def read_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of each line of a file; its workload is text.

    Raises:
      RecordError: the file cannot be read, or a line is no object.
    """
    opener = lzma.open if path.suffix == ".xz" else open
    workloads: dict[str, str] = {}
    number = 0
    try:
        with opener(path, "rt", encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                yield f"{path}, line {number},", _object(line, workloads)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise RecordError(f"records {path} cannot be read ({error}); copy the file again") from None
    except ValueError as error:
        raise RecordError(
            f"records {path}, line {number} is damaged ({error}); remove that line"
        ) from None


def _object(line: str, workloads: dict[str, str]) -> dict[str, Any]:
    """The object of a line. Nine tenths of a line are its workload, which closes it in canonical
    JSON and which many lines have in common: `workloads` keeps its text by the line's end."""
    head, key, end = line.partition('"workload":')
    if key and end not in workloads:
        try:
            alone = json.loads("{" + key + end)
        except ValueError:
            alone = {}
        # Only where the workload is all that follows.
        if list(alone) == ["workload"]:
            workloads[end] = _text(alone["workload"])
    if key and end in workloads:
        return {**json.loads(head + '"workload":null}'), "workload": workloads[end]}
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError("not an object")
    if "workload" in row:
        row["workload"] = _text(row["workload"])
    return row
