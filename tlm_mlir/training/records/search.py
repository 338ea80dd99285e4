# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A search that measures nothing: the model writes, mutations vary, the cost model picks.

What it finds is worth measuring (collect.py), and worth writing at once: the generator learns from
it to do without the search (distill.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...language.sampling import mutate
from ...language.schedule import Schedule
from ...language.space import Value
from ...policy.scheduler import Scheduler
from ...targets.task import Task

WRITTEN = 32
"""Schedules that the model writes: as many as its widest decoding step takes, 0.2 s."""
GENERATIONS = 4
PARENTS = 8
CHILDREN = 4

Decisions = Mapping[tuple[str, int], Value]
"""What a schedule decided, by knob and dim."""


def decisions(schedule: Schedule) -> dict[tuple[str, int], Value]:
    """What a schedule decided."""
    return {(d.name, d.dim): d.value for d in schedule.decisions}


def search(
    scheduler: Scheduler,
    task: Task,
    baseline: Schedule | None,
    starts: Sequence[Schedule],
    rng: np.random.Generator,
) -> dict[str, float]:
    """Schedules as token text, none the default, with the log latency over IREE's default that the
    cost model predicts, the fastest first.

    The pool holds what the model writes, `baseline` (what IREE would do) and `starts`; GENERATIONS
    times the best PARENTS of it have CHILDREN mutations each, and as many are drawn at random.
    """
    found: dict[str, tuple[float, Schedule]] = {}

    def add(some: Sequence[Schedule]) -> None:
        texts = {task.text(schedule): schedule for schedule in some}
        new = {
            text: schedule
            for text, schedule in texts.items()
            if text not in found and not schedule.is_default
        }
        (logs,) = scheduler.predict([task], [baseline], [list(new.values())])
        found.update(zip(new, zip(logs.tolist(), new.values(), strict=True), strict=True))

    add(scheduler.sample(task, WRITTEN, int(rng.integers(1 << 31))))
    # What IREE does need not be of the space; the nearest that is.
    extents = task.workload.extents
    near = [mutate(task.space(), decisions(baseline), extents, rng, rate=0.0)] if baseline else []
    add([*starts, *near])
    for _ in range(GENERATIONS):
        best = sorted(found.values(), key=lambda item: item[0])[:PARENTS]
        parents = [{}, *(decisions(schedule) for _, schedule in best)]
        add([mutate(task.space(), p, extents, rng) for p in parents for _ in range(CHILDREN)])
    order = sorted(found.items(), key=lambda item: item[1][0])
    return {text: log for text, (log, _) in order}
