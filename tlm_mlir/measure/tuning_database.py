# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The user's tuning databases: what `--measure` found out on a machine, one file for each machine
and set of IREE's flags. Records are keyed by workload, target, schedule and IREE's version.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from ..errors import InputError, RecordError
from ..iree.release import installed_iree
from ..model.cache import host
from ..targets.task import Task
from .database import Database, Record
from .lines import canonical
from .versions import versions, words_of

VARIABLE = "TLM_MLIR_TUNING"
"""Environment variable that names another folder."""


def folder() -> Path:
    """Where the databases are: where the system keeps a user's data, on Linux in XDG_DATA_HOME,
    else ~/.local/share."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else user_data_path("tlm-mlir", appauthor=False) / "tuning"


def path(flags: Sequence[str]) -> Path:
    """The database of this machine for some flags of IREE's."""
    text = "\n".join((host(), *flags))
    return folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.db"


def opened(flags: Sequence[str]) -> Database:
    """The database of this machine for some flags, made if missing.

    Raises RecordError where it cannot be opened, or is of another version.
    """
    place = path(flags)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(
            f"the folder {place.parent} for what is measured cannot be made ({error.strerror}); set"
            f" {VARIABLE} to another one"
        ) from None
    return Database(place)


def stamp(flags: Sequence[str]) -> str:
    """What a record says of its versions, as canonical JSON."""
    machine = hashlib.sha256(host().encode()).hexdigest()[:16]
    return canonical({**versions(), "flags": list(flags), "machine": machine})


def known(database: Database, task: Task[Any]) -> dict[str, Record]:
    """What is known of a task with the installed IREE, by schedules of today's space as token
    text, the default among them."""
    workload, target = task.workload.to_json(), task.target.to_json()
    found = {}
    for record in database.records(workload, target, iree=installed_iree()):
        try:
            schedule = task.parse(record.schedule, words_of(record.versions))
        except InputError:  # A record of an earlier space.
            continue
        found[task.text(schedule)] = record
    return found
