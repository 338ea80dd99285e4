# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Upgrading a record database of an earlier format: all of it or nothing, whatever happens."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tlm_mlir.errors import RecordError
from tlm_mlir.measure import database as databases
from tlm_mlir.measure.database import Database, Record, _key

EARLIER = """
CREATE TABLE IF NOT EXISTS texts (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
  workload TEXT NOT NULL REFERENCES texts (key),
  target TEXT NOT NULL REFERENCES texts (key),
  schedule TEXT NOT NULL,
  status TEXT NOT NULL,
  seconds REAL,
  default_seconds REAL,
  runs INTEGER NOT NULL,
  round INTEGER NOT NULL,
  versions TEXT NOT NULL,
  digest TEXT NOT NULL,
  statics TEXT NOT NULL DEFAULT '{}',
  PRIMARY KEY (workload, target, schedule)
) WITHOUT ROWID;
"""
"""What format 2 was made by; format 1 lacked the statics."""
COUNT = 400
WRITTEN = [
    Record(
        '{"op":"matmul"}', f'{{"cpu":{i % 3}}}', f"tile {i:03} <end>", "ok", 1e-3, 2e-3, 20, 0,
        f'{{"iree":"3.1{i % 2 + 2}.0","vocabulary":"0"}}',
    )
    for i in range(COUNT)
]  # fmt: skip


def earlier(path: Path, format_: int = 2, versions: str | None = None) -> Path:
    """A database as an earlier version wrote it."""
    connection = sqlite3.connect(path)
    connection.executescript(EARLIER)
    connection.execute("PRAGMA journal_mode = WAL")
    for record in WRITTEN:
        for text in (record.workload, record.target):
            connection.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (_key(text), text))
        row = (
            _key(record.workload), _key(record.target), record.schedule, record.status,
            record.seconds, record.default_seconds, record.runs, record.round,
            versions or record.versions, record.digest(), record.statics,
        )  # fmt: skip
        connection.execute(f"INSERT INTO records VALUES ({', '.join('?' * len(row))})", row)
    if format_ == 1:
        connection.execute("ALTER TABLE records DROP COLUMN statics")
    connection.execute(f"PRAGMA user_version = {format_}")
    connection.commit()
    connection.close()
    return path


def format_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA user_version").fetchone()[0]
    finally:
        connection.close()


def rows_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT count(*) FROM records").fetchone()[0]
    finally:
        connection.close()


@pytest.mark.parametrize("format_", [1, 2])
def test_databases_of_earlier_formats_go_on(tmp_path, format_):
    path = earlier(tmp_path / "a.db", format_)
    known = replace(WRITTEN[0], schedule="other", statics='{"registers":32}')
    with Database(path) as database:
        assert set(database.records()) == set(WRITTEN)
        assert len(list(database.records(iree="3.12.0"))) == COUNT // 2
        # The key has the compiler in it now.
        other = replace(WRITTEN[0], versions='{"iree":"3.14.0"}')
        assert database.add([known, other, WRITTEN[0]]) == 2
    with Database(path) as database:
        assert set(database.records()) == {*WRITTEN, known, other}
    assert format_of(path) == 3


def test_a_file_whose_maker_was_killed_before_its_first_row_goes_on(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.executescript(EARLIER)
    connection.close()
    with Database(tmp_path / "a.db") as database:
        assert database.add(WRITTEN) == COUNT


def test_rows_that_name_no_compiler_are_refused_and_kept(tmp_path):
    path = earlier(tmp_path / "a.db", versions='{"vocabulary":"0"}')
    with pytest.raises(RecordError, match=rf"{COUNT} records of the database .*a\.db do not say"):
        Database(path)
    assert (format_of(path), rows_of(path)) == (2, COUNT)


KILLED = """
import os, signal, sqlite3, sys
from tlm_mlir.measure import database

statements = 0
last = int(sys.argv[2])

def watch(statement):
    global statements
    statements += 1
    if statements > last:
        os.kill(os.getpid(), signal.SIGKILL)

connect = sqlite3.connect

def connected(*arguments, **options):
    connection = connect(*arguments, **options)
    connection.set_trace_callback(watch)
    return connection

sqlite3.connect = connected
database.Database(sys.argv[1])
print(statements)
"""


def opened(path: Path, last: int) -> subprocess.CompletedProcess[str]:
    """A process that opens the database and is killed as its statement after `last` begins."""
    command = [sys.executable, "-c", KILLED, str(path), str(last)]
    return subprocess.run(command, capture_output=True, text=True)


def test_an_upgrade_that_is_killed_leaves_the_earlier_file(tmp_path):
    whole = opened(earlier(tmp_path / "whole.db"), 1000)
    count = int(whole.stdout)
    assert format_of(tmp_path / "whole.db") == 3
    kept = 0
    for last in range(count):
        path = earlier(tmp_path / f"{last}.db")
        assert opened(path, last).returncode == -signal.SIGKILL
        kept += format_of(path) == 2
        assert rows_of(path) == COUNT
        with Database(path) as database:
            assert set(database.records()) == set(WRITTEN)
    # All but the statements after the transaction.
    assert kept >= 10


def test_a_full_disk_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = earlier(tmp_path / "a.db")
    connect = sqlite3.connect

    def small(*arguments, **options):
        connection = connect(*arguments, **options)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        return connection

    with monkeypatch.context() as context:
        context.setattr(databases.sqlite3, "connect", small)
        with pytest.raises(RecordError, match="full"):
            Database(path)
    assert (format_of(path), rows_of(path)) == (2, COUNT)
    with Database(path) as database:
        assert set(database.records()) == set(WRITTEN)


RACING = """
import sys, time
from pathlib import Path
from tlm_mlir.measure.database import Database

path, number = sys.argv[1:]
Path(f"{path}.ready{number}").touch()
while not Path(f"{path}.go").exists():
    time.sleep(0.001)
with Database(path) as database:
    print(len(database))
"""


@pytest.mark.parametrize("format_", [0, 1, 2])
def test_two_processes_upgrade_at_once(tmp_path, format_):
    path = tmp_path / "a.db"
    if format_:
        earlier(path, format_)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACING, str(path), str(number)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(2)
    ]  # fmt: skip
    try:
        while not all(Path(f"{path}.ready{number}").exists() for number in range(2)):
            assert all(racer.poll() is None for racer in racers)
            time.sleep(0.01)
        Path(f"{path}.go").touch()
        answers = [racer.communicate(timeout=60) for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
    assert [answer[0].strip() for answer in answers] == [str(COUNT if format_ else 0)] * 2, answers
    assert format_of(path) == 3
