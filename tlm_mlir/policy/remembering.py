# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A policy that remembers its answers, for a process that is asked about many programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..language.schedule import Schedule
from ..targets.task import Task
from .deciding import Key, Policy, key_of
from .scheduler import Answer

MOST = 10_000
"""Answers that are kept: some hundred bytes each."""


class Remembering:
    """Answers a task as another policy did when it was asked about it before."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[tuple[Key, Schedule | None, int | None], Answer] = {}
        self.identity = policy.identity

    def compared_by(self, task: Task[Any]) -> str:
        """What schedules of a task are compared by; empty for nothing."""
        return self._policy.compared_by(task)

    def ask(
        self,
        tasks: Sequence[Task[Any]],
        baselines: Sequence[Schedule | None],
        samples: int | None = None,
    ) -> list[Answer]:
        """An answer for each task; what is not known is asked about all at once."""
        keys = [
            (key_of(task), baseline, samples)
            for task, baseline in zip(tasks, baselines, strict=True)
        ]
        places = [place for place, key in enumerate(keys) if key not in self._known]
        if places:
            if len(self._known) + len(places) > MOST:
                self._known.clear()
                places = list(range(len(keys)))
            asked = [tasks[place] for place in places]
            answers = self._policy.ask(asked, [baselines[place] for place in places], samples)
            self._known |= zip((keys[place] for place in places), answers, strict=True)
        return [self._known[key] for key in keys]
