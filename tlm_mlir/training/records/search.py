# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A search that measures nothing: the model writes, mutations vary, the judge picks.

What it finds is worth measuring (collect.py), and worth writing at once: the generator learns from
it to do without the search (distill.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...compiler.scheduler import Scheduler
from ...ir.workload import Workload
from ...language.sampling import mutate
from ...language.schedule import Schedule, encode
from ...language.space import Value
from ...targets import registry
from ...targets.target import Target

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
    workload: Workload,
    target: Target,
    own: Schedule | None,
    starts: Sequence[Schedule],
    rng: np.random.Generator,
) -> dict[str, float]:
    """Schedules as token text, none the default, with the log latency over IREE's default that the
    judge foretells, the fastest first.

    The pool holds what the model writes, `own` (what IREE would do) and `starts`; GENERATIONS times
    the best PARENTS of it have CHILDREN mutations each, and as many are drawn at random.
    """
    make = registry.space_maker(workload, target)
    default = registry.backend(target).DEFAULT
    found: dict[str, tuple[float, Schedule]] = {}

    def add(some: Sequence[Schedule]) -> None:
        texts = {" ".join(encode(schedule, make)): schedule for schedule in some}
        new = {
            text: schedule
            for text, schedule in texts.items()
            if text not in found and schedule.choice("pipeline") != default
        }
        (logs,) = scheduler.foretell([workload], target, [own], [list(new.values())])
        found.update(zip(new, zip(logs.tolist(), new.values(), strict=True), strict=True))

    add(scheduler.sample(workload, target, WRITTEN, int(rng.integers(1 << 31))))
    # What IREE does need not be of the space; the nearest that is.
    near = [mutate(make(), decisions(own), workload.extents, rng, rate=0.0)] if own else []
    add([*starts, *near])
    for _ in range(GENERATIONS):
        best = sorted(found.values(), key=lambda item: item[0])[:PARENTS]
        parents = [{}, *(decisions(schedule) for _, schedule in best)]
        add([mutate(make(), p, workload.extents, rng) for p in parents for _ in range(CHILDREN)])
    order = sorted(found.items(), key=lambda item: item[1][0])
    return {text: log for text, (log, _) in order}
