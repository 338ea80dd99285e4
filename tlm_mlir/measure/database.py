# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Database: measured candidates in SQLite, and their released form, JSON lines under xz.

One row is one candidate: a schedule of a workload on a target, compiled by one version of IREE. A
batch is one transaction, and so is the upgrade of a file that an earlier version wrote
(`upgrades.py`): a full disk or an interrupt leaves all of it or none.
"""

import hashlib
import json
import lzma
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from tlm_mlir.errors import RecordError
from tlm_mlir.measure import upgrades
from tlm_mlir.measure.lines import canonical, write_lines
from tlm_mlir.measure.versions import iree_of

STATUSES = ("ok", "compile_failed", "wrong_values", "timeout", "crashed", "refused")
_BUSY_SECONDS = 30.0
# A row gives way only to one that rests on more runs.
_INSERT = """
INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (workload, target, schedule, iree) DO UPDATE SET
  status = excluded.status, seconds = excluded.seconds,
  default_seconds = excluded.default_seconds, runs = excluded.runs, round = excluded.round,
  versions = excluded.versions, digest = excluded.digest, statics = excluded.statics
WHERE excluded.runs > records.runs
"""

_SELECT = """
SELECT w.json, t.json, schedule, status, seconds, default_seconds, runs, round, versions, statics
FROM records JOIN texts w ON w.key = workload JOIN texts t ON t.key = target
"""
_ORDER = " ORDER BY w.json, t.json, schedule, iree"


@dataclass(frozen=True)
class Record:
    """One measured candidate.

    `workload` and `target` are canonical JSON texts, `schedule` its tokens joined by spaces,
    `seconds` and `default_seconds` medians of one interleaved batch (None if not timed), `runs` how
    many runs stand behind `seconds`, `round` the learning round, `versions` a JSON text that names
    whatever the figure depends on: IREE's version in any case, and the digest of the vocabulary
    that the measuring tool had, of which the schedule's words are a part. `statics`, a JSON text
    as well, is what was known before it ran (`bundle_builder.Candidate`).
    """

    workload: str
    target: str
    schedule: str
    status: str
    seconds: float | None
    default_seconds: float | None
    runs: int
    round: int
    versions: str
    statics: str = "{}"

    @property
    def iree(self) -> str:
        """The version of IREE that compiled it; empty where `versions` does not name one."""
        return iree_of(self.versions) or ""

    def digest(self) -> str:
        """The SHA-256 of all that the measurement depends on: not of its outcome."""
        return _key(f"{self.workload}\n{self.target}\n{self.schedule}\n{self.versions}")

    def check(self) -> None:
        """Raises RecordError if a field cannot be right."""
        for name in ("workload", "target", "versions", "statics"):
            _check_json(name, getattr(self, name))
        if not self.iree:
            raise RecordError(
                f"versions name no IREE: {self.versions[:80]}; add the one that compiled the record"
            )
        if self.status not in STATUSES:
            raise RecordError(f"status {self.status!r} is unknown; use one of {list(STATUSES)}")
        if self.status == "ok" and not (self.seconds and 0 < self.seconds < float("inf")):
            raise RecordError(f"an ok record has the time {self.seconds!r}; give positive seconds")


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _check_json(name: str, text: str) -> None:
    """Only one spelling of a workload may exist: its key is a hash of the text."""
    try:
        wanted = canonical(json.loads(text))
    except (TypeError, ValueError):
        wanted = None
    if text != wanted:
        raise RecordError(
            f"{name} is not canonical JSON: {str(text)[:80]!r}; write it with sorted keys and no"
            " spaces"
        )


class Database:
    """The store of measured candidates in the file `path`; created if missing.

    Use as a context manager or call `close`.

    Raises:
      RecordError: the file is damaged, of another format, or cannot be opened or written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self._connection = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None
            )
        except sqlite3.Error as error:
            raise self._error("cannot be opened", error) from None
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        with self._faults("is damaged or no database of tlm-mlir"):
            found = self._connection.execute("PRAGMA quick_check").fetchone()[0]
            version = upgrades.version(self._connection)
        if found != "ok":
            raise self._error("is damaged", found.splitlines()[0])
        if version not in range(upgrades.FORMAT + 1):
            raise self._error(
                f"has format {version}, not {upgrades.FORMAT}", "written by another version"
            )
        with self._faults("cannot be written"):
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            with self._transaction():
                upgrades.upgrade(self._connection, self.path)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All that is written inside, or none of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled back already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _error(self, what: str, why: object) -> RecordError:
        return RecordError(
            f"the record database {self.path} {what}: {why}; restore it, or move it away and import"
            " an exported copy"
        )

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(what, error) from None

    def add(self, records: Iterable[Record]) -> int:
        """Adds a batch in one transaction; returns how many rows are new or replaced.

        Raises:
          RecordError: a record is malformed, or the disk is full; nothing of the batch is kept.
        """
        rows = list(records)
        for record in rows:
            record.check()
        with self._faults("could not take a batch"), self._transaction():
            changed = sum(self._add(record) for record in rows)
        return changed

    def _add(self, record: Record) -> int:
        for text in (record.workload, record.target):
            self._connection.execute(
                "INSERT OR IGNORE INTO texts VALUES (?, ?)", (_key(text), text)
            )
        return self._connection.execute(
            _INSERT,
            (
                _key(record.workload), _key(record.target), record.schedule, record.iree,
                record.status, record.seconds, record.default_seconds, record.runs, record.round,
                record.versions, record.digest(), record.statics,
            ),
        ).rowcount  # fmt: skip

    def __len__(self) -> int:
        with self._faults("cannot be read"):
            return self._connection.execute("SELECT count(*) FROM records").fetchone()[0]

    def records(
        self, workload: str | None = None, target: str | None = None, *, iree: str | None = None
    ) -> Iterator[Record]:
        """All records, or those of one workload, target and/or IREE, in a fixed order."""
        texts = {"workload": workload, "target": target}
        given = {name: _key(text) for name, text in texts.items() if text is not None}
        if iree is not None:
            given["iree"] = iree
        where = " AND ".join(f"{name} = ?" for name in given)
        query = _SELECT + (f" WHERE {where}" if where else "") + _ORDER
        with self._faults("cannot be read"):
            for row in self._connection.execute(query, tuple(given.values())):
                yield Record(*row)

    def schedules(self, workload: str, target: str, iree: str) -> set[str]:
        """The schedules that need no measuring again with this IREE: how a collection resumes."""
        with self._faults("cannot be read"):
            rows = self._connection.execute(
                "SELECT schedule FROM records WHERE workload = ? AND target = ? AND iree = ?",
                (_key(workload), _key(target), iree),
            )
            return {row[0] for row in rows}

    def export(self, path: str | os.PathLike[str]) -> int:
        """Writes all records to `path` as JSON lines under xz; the same rows give the same bytes.

        The file is written aside and renamed. Returns the number of records.

        Raises:
          RecordError: the file cannot be written; an older one is left as it was.
        """
        return write_records(path, self.records())

    def merge(self, path: str | os.PathLike[str]) -> int:
        """Adds the records of an exported file, all or none; returns how many were taken.

        Raises:
          RecordError: the file is damaged, or a line of it is no record.
        """
        return self.add(read_records(path))

    def close(self) -> None:
        """Closes the file; further calls are errors."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_records(path: str | os.PathLike[str], records: Iterable[Record]) -> int:
    """Writes records to `path` (.jsonl.xz), one JSON object a line, in the given order.

    Raises:
      RecordError: the file cannot be written; an older one is left as it was.
    """
    return write_lines(path, map(_line, records))


def _line(record: Record) -> dict[str, object]:
    line = asdict(record) | {"digest": record.digest()}
    for name in ("workload", "target", "versions", "statics"):
        line[name] = json.loads(line[name])
    if not line["statics"]:
        del line["statics"]
    return line


def read_records(path: str | os.PathLike[str]) -> Iterator[Record]:
    """The records of an exported file, or of one that a bundle's runner wrote (.jsonl).

    Raises:
      RecordError: the file is missing or damaged, or a line of it is no record.
    """
    try:
        opener = lzma.open if str(path).endswith(".xz") else open
        with opener(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                yield _parse(line, f"{path}, line {number}")
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise RecordError(
            f"the record file {path} cannot be read: {error}; fetch it again"
        ) from None


def _parse(line: str, place: str) -> Record:
    try:
        row = json.loads(line)
        row.setdefault("statics", {})
        for name in ("workload", "target", "versions", "statics"):
            row[name] = canonical(row[name])
        record = Record(**{field.name: row[field.name] for field in fields(Record)})
        record.check()
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{place} is no record: {error!r}; fetch the file again") from None
    except RecordError as error:
        raise RecordError(f"{place} is no record: {error}") from None
    if row.get("digest") != record.digest():
        raise RecordError(f"{place} does not match its digest; fetch the file again")
    return record
