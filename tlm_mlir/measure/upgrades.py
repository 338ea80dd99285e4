# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tables of a record database, and what makes today's of an earlier version's.

Format 1 had no `statics`, format 2 no IREE in its key: two records of one schedule, measured with
two versions of IREE, were one row.
"""

import sqlite3
from pathlib import Path

from tlm_mlir.errors import RecordError
from tlm_mlir.measure.versions import iree_of

FORMAT = 3

_TEXTS = """
CREATE TABLE texts (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID
"""
_RECORDS = """
CREATE TABLE records (
  workload TEXT NOT NULL REFERENCES texts (key),
  target TEXT NOT NULL REFERENCES texts (key),
  schedule TEXT NOT NULL,
  iree TEXT NOT NULL,
  status TEXT NOT NULL,
  seconds REAL,
  default_seconds REAL,
  runs INTEGER NOT NULL,
  round INTEGER NOT NULL,
  versions TEXT NOT NULL,
  digest TEXT NOT NULL,
  statics TEXT NOT NULL,
  PRIMARY KEY (workload, target, schedule, iree)
) WITHOUT ROWID
"""
_STATICS = "ALTER TABLE records ADD COLUMN statics TEXT NOT NULL DEFAULT '{}'"
_COPY = """
INSERT INTO records SELECT
  workload, target, schedule, iree_of(versions), status, seconds, default_seconds, runs, round,
  versions, digest, statics
FROM earlier
"""


def version(connection: sqlite3.Connection) -> int:
    """The format of an open database; 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Makes today's tables, out of earlier ones where there are some.

    Call it inside of a transaction: another process may do the same at once, and the format that
    was read before may have changed since.

    Raises:
      RecordError: a row does not say which IREE compiled it.
      sqlite3.Error: the disk is full, or another fault.
    """
    found = version(connection)
    if found == FORMAT:
        return
    columns = {row[1] for row in connection.execute("PRAGMA table_info (records)")}
    if not columns:
        connection.execute(_TEXTS)
        connection.execute(_RECORDS)
    else:
        # Not by the format: a version that was killed may have made the table and not said so.
        if "statics" not in columns:
            connection.execute(_STATICS)
        _put_iree_into_the_key(connection, path)
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _put_iree_into_the_key(connection: sqlite3.Connection, path: Path) -> None:
    connection.create_function("iree_of", 1, iree_of, deterministic=True)
    query = "SELECT count(*) FROM records WHERE iree_of(versions) IS NULL"
    if nameless := connection.execute(query).fetchone()[0]:
        raise RecordError(
            f"{nameless} records of the database {path} do not say which IREE compiled them; delete"
            " these rows, or go on with the version of tlm-mlir that wrote them"
        )
    connection.execute("ALTER TABLE records RENAME TO earlier")
    connection.execute(_RECORDS)
    connection.execute(_COPY)
    connection.execute("DROP TABLE earlier")
