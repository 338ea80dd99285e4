# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules that a script holds, in place of what a model writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from iree.compiler import ir

from ..decisions import script_header as header
from ..decisions.script_reading import (
    ScheduleSequence,
    alike,
    read_schedule,
    read_script,
    read_sequences,
    read_target,
)
from ..errors import InputError
from ..ir.naming import title
from ..language.prompt import DECIDE
from ..language.schedule import Schedule
from ..targets.target import Target
from ..targets.task import Task
from .scheduler import Answer, Candidate

SAVED = "what the script says"
ABSENT = "the script has no schedule for it"


class SavedSchedules:
    """Answers tasks with the schedules of a script, as a `Scheduler` does with a model's.

    A dispatch is found by what it computes, whatever it is called. What the script does not
    schedule is left to IREE.
    """

    def __init__(self, script: ir.Module) -> None:
        """Raises InputError for a script that does not say which target it is for."""
        says = header.told(script.operation)
        self.identity = says.get(header.MODEL, "") or "a script"
        self._target = read_target(script)
        self._script = script
        self._sequences = {found.workload: found for found in reversed(read_sequences(script))}

    @classmethod
    def load(cls, path: str | PathLike[str]) -> SavedSchedules:
        """The schedules of a script in a file. Raises InputError for one that cannot be used."""
        return cls(read_script(Path(path)))

    def compared_by(self, task: Task[Any]) -> str:
        """Nothing: what was saved is not compared again."""
        return ""

    def ask(
        self,
        tasks: Sequence[Task[Any]],
        baselines: Sequence[Schedule | None],
        samples: int | None = None,
    ) -> list[Answer]:
        """An answer for each task.

        Raises InputError for tasks of another target, where the script schedules none of some
        dispatches, and for a sequence that does not do what it says.
        """
        lowered = [task for task in tasks if task.question.token == DECIDE]
        known = [task for task in lowered if task.workload.digest in self._sequences]
        for task in lowered if self._sequences else ():
            self._check(task.target)
        if lowered and self._sequences and not known:
            raise InputError(
                f"the module has none of the dispatches that the script schedules"
                f" ({self._told()}); write one for this module with `tlm-mlir script`"
            )
        return [self._answer(task) for task in tasks]

    def _answer(self, task: Task[Any]) -> Answer:
        found = self._sequences.get(task.workload.digest)
        if task.question.token == DECIDE and found is not None:
            return _answer(found, read_schedule(found, task.workload, task.target))
        if task.default is None:
            raise InputError(
                f"the script has no schedule for the {title(task.workload)}, and IREE's default"
                " gives that wrong values; compile it without the script"
            )
        return Answer(task.default, why=ABSENT)

    def _check(self, target: Target) -> None:
        if not alike(target, self._target):
            raise InputError(
                f"the script is for the target {self._target.to_json()} and the module for"
                f" {target.to_json()}; give the flags that it was written with"
            )

    def _told(self) -> str:
        """A few of the functions that the script schedules."""
        some: list[ScheduleSequence] = list(self._sequences.values())[:3]
        return ", ".join(sequence.function for sequence in some)


def _answer(sequence: ScheduleSequence, schedule: Schedule) -> Answer:
    """A schedule, with the gain that the script says was predicted."""
    if not sequence.gain:
        return Answer(schedule, written=False)
    try:
        predicted = -math.log(float(sequence.gain.removesuffix("x")))
    except ValueError:
        raise InputError(
            f"the script's @{sequence.name} says a gain of '{sequence.gain}', which is no number;"
            " write it anew"
        ) from None
    compared = (Candidate(schedule, predicted, written=False),)
    return Answer(schedule, predicted, SAVED, candidates=compared, written=False)
