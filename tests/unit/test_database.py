# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The record database: what it keeps, what it refuses, and what it survives."""

import lzma
import sqlite3
from dataclasses import replace

import pytest

from tlm_mlir.errors import RecordError
from tlm_mlir.measure.database import Database, Record, read_records, write_records

IREE = '{"iree":"3.13.0"}'
RECORD = Record('{"op":"matmul"}', '{"cpu":1}', "tile 64 <end>", "ok", 1e-3, 2e-3, 20, 0, IREE)


def variants(count):
    return [replace(RECORD, schedule=f"tile {i} <end>") for i in range(count)]


@pytest.fixture
def database(tmp_path):
    with Database(tmp_path / "records.db") as opened:
        yield opened


def test_records_survive_reopening(tmp_path):
    with Database(tmp_path / "a.db") as database:
        assert database.add(variants(3)) == 3
    with Database(tmp_path / "a.db") as database:
        assert len(database) == 3
        assert set(database.records()) == set(variants(3))
        assert database.schedules(RECORD.workload, RECORD.target, "3.13.0") == {
            record.schedule for record in variants(3)
        }
        assert list(database.records(workload='{"op":"other"}')) == []


def test_the_row_with_more_runs_wins(database):
    database.add([RECORD])
    assert database.add([replace(RECORD, runs=5, seconds=9.0)]) == 0
    assert database.add([replace(RECORD, runs=50, seconds=3.0)]) == 1
    (row,) = database.records()
    assert (row.runs, row.seconds) == (50, 3.0)


def test_records_of_two_compilers_are_two_rows(database, tmp_path):
    later = replace(RECORD, versions='{"iree":"3.14.0"}', seconds=5e-4)
    assert database.add([later, RECORD]) == 2
    assert list(database.records()) == [RECORD, later]
    assert list(database.records(iree="3.14.0")) == [later]
    assert list(database.records(RECORD.workload, RECORD.target, iree="3.13.0")) == [RECORD]
    assert database.schedules(RECORD.workload, RECORD.target, "3.15.0") == set()
    assert database.export(tmp_path / "a.jsonl.xz") == 2
    assert [record.iree for record in read_records(tmp_path / "a.jsonl.xz")] == ["3.13.0", "3.14.0"]


def test_export_is_deterministic_and_merges_back(database, tmp_path):
    database.add(reversed(variants(5)))
    first, second = tmp_path / "a.jsonl.xz", tmp_path / "b.jsonl.xz"
    assert database.export(first) == 5
    with Database(tmp_path / "other.db") as other:
        assert other.merge(first) == 5
        assert other.merge(first) == 0
        other.export(second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.glob("*.xz")) == ["a.jsonl.xz", "b.jsonl.xz"]


def test_a_failed_export_leaves_the_older_file(tmp_path):
    path = tmp_path / "a.jsonl.xz"
    write_records(path, [RECORD])
    kept = path.read_bytes()

    def failing():
        yield RECORD
        raise OSError(28, "No space left on device")

    with pytest.raises(RecordError, match="No space left"):
        write_records(path, failing())
    assert path.read_bytes() == kept
    assert list(tmp_path.iterdir()) == [path]


def test_a_bad_batch_leaves_nothing(database):
    with pytest.raises(RecordError, match="status 'fine' is unknown"):
        database.add([RECORD, replace(RECORD, status="fine")])
    with pytest.raises(RecordError, match="canonical"):
        database.add([RECORD, replace(RECORD, workload='{"b": 1}')])
    with pytest.raises(RecordError, match="positive seconds"):
        database.add([replace(RECORD, seconds=None)])
    for versions in ('{"vocabulary":"0"}', "[]", '{"iree":""}'):
        with pytest.raises(RecordError, match="versions name no IREE"):
            database.add([replace(RECORD, versions=versions)])
    assert len(database) == 0


def test_an_interrupt_leaves_nothing_of_a_batch(database):
    class Interrupting(Record):
        def digest(self):
            raise KeyboardInterrupt

    broken = Interrupting(**{**RECORD.__dict__, "schedule": "z <end>"})
    with pytest.raises(KeyboardInterrupt):
        database.add([RECORD, broken])
    assert len(database) == 0
    assert database.add([RECORD]) == 1


def test_a_full_disk_leaves_earlier_batches(database):
    database.add(variants(10))
    pages = database._connection.execute("PRAGMA page_count").fetchone()[0]
    database._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    long = [replace(RECORD, schedule=f"{i} " + "x" * 9000) for i in range(50)]
    with pytest.raises(RecordError, match="full"):
        database.add(long)
    assert set(database.records()) == set(variants(10))


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "a.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(RecordError, match=r"a\.db is damaged"):
        Database(path)
    path = tmp_path / "b.db"
    with Database(path) as database:
        database.add(variants(500))
    content = bytearray(path.read_bytes())
    content[8192:20480] = b"\xff" * (20480 - 8192)
    path.write_bytes(content)
    with pytest.raises(RecordError, match="is damaged"):
        Database(path)


def test_another_format_is_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(RecordError, match="format 99"):
        Database(tmp_path / "a.db")


def test_what_was_known_before_is_exported(tmp_path):
    known = replace(RECORD, statics='{"registers":32}')
    write_records(tmp_path / "a.jsonl.xz", [known])
    assert list(read_records(tmp_path / "a.jsonl.xz")) == [known]
    assert known.digest() == RECORD.digest()


@pytest.mark.parametrize("damage", ["cut", "noise", "line", "digest"])
def test_damaged_record_files_are_refused(tmp_path, damage):
    path = tmp_path / "a.jsonl.xz"
    write_records(path, variants(100))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-30])
    elif damage == "noise":
        path.write_bytes(b"noise")
    else:
        text = lzma.decompress(path.read_bytes()).decode()
        other = text.replace("tile 7 ", "tile 999 ") if damage == "digest" else text + "{}\n"
        path.write_bytes(lzma.compress(other.encode()))
    with pytest.raises(RecordError, match=r"a\.jsonl\.xz"):
        list(read_records(path))


def test_missing_record_files_are_refused(tmp_path):
    with pytest.raises(RecordError, match="cannot be read"):
        list(read_records(tmp_path / "none.jsonl.xz"))
