# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules as loop nests in words: two schedules of a task never have the same words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...ir.naming import dim_names
from ...ir.workload import Workload
from ...language.schedule import PIPELINE, Schedule
from ...targets.task import Task

IREES_OWN = "as IREE does by itself"
OPTIONS = {
    "graph:leave": "left as it is",
    "graph:channels-last": "computed with the channels last",
    "graph:im2col": "computed as a matmul over gathered windows (im2col)",
    "graph:tiled": "operands packed in tiles (data tiling)",
    "graph:decomposed": "decomposed into two matmuls and a softmax",
    "graph:steps": "in steps: the extreme element, then the first place that has it",
    "graph:packed": "weights packed in panels, once, when the program loads",
    "pipeline:tile": "",
    "pipeline:conv": "as a row of windows",
    "pipeline:ext": "keys step by step",
    "pipeline:copy": "copied",
    "pipeline:panel": "panels of packed weights in order",
    "pipeline:vector": "inputs straight from memory",
    "pipeline:promote": "inputs' tiles in shared memory",
    "pipeline:matrix": "on matrix units",
    "pipeline:lanes": "sums shared by invocations",
    "pipeline:distribute": "every element by itself",
    "peel:no": "",
    "peel:yes": "what a tile leaves over is peeled off",
    "cache:no": "",
    "cache:yes": "",
    "order:plain": "",
    "order:chosen": "",
    "banks:plain": "",
    "banks:padded": "rows of shared memory padded",
    "store:0": "results straight to memory",
    "store:1": "results through shared memory",
    "depth:1": "one step's inputs loaded at a time",
    "depth:2": "the next step's inputs loaded ahead",
    "depth:3": "two steps' inputs loaded ahead",
}
"""Words for options; nothing where other words tell."""
CPU = {
    "vector": "{each} in registers",
    "inner": "{of} of the other loops at a time",
    "reduce": "{of} at a time",
    "cache": "tiles of {of} in cache",
    "cache_reduce": "{of} in cache",
    "distribute": "a workgroup has {of}",
    "interchange": "loops in the order {order}",
    "block": "{number} columns in a panel",
}
GPU = {
    "thread": "{each} for an invocation",
    "subgroup": "{each} for a subgroup, in instructions",
    "group": "a workgroup has {each} of these",
    "reduce": "{of} at a time",
}
MATRIX = GPU | {"reduce": "{each} at a time, in instructions"}
SHARED = GPU | {
    "thread": "{each} with each load",
    "group": "{number} invocations share a sum",
}
PHRASES: Mapping[str, Mapping[str, str]] = {
    "pipeline:vector": GPU,
    "pipeline:promote": GPU,
    "pipeline:matrix": MATRIX,
    "pipeline:lanes": SHARED,
    "pipeline:distribute": GPU,
}
"""Words for the sizes of a knob, by pipeline; those of CPUs for all others."""


def loop_nest(task: Task[Any], schedule: Schedule) -> str:
    """What a schedule does, in words: from what is innermost to what a workgroup has."""
    if schedule.pipeline and schedule.is_default:
        return IREES_OWN
    phrases = PHRASES.get(schedule.choice(PIPELINE), CPU)
    found = []
    sizes: dict[str, dict[int, int]] = {}
    for decision in schedule.decisions:
        if isinstance(decision.value, str):
            found.append(OPTIONS.get(decision.value, decision.value))
        elif isinstance(decision.value, tuple):
            names = dim_names(task.workload)
            order = ", ".join(names[dim] for dim in decision.value)
            found.append(_phrase(phrases, decision.name, "{order}").format(order=order))
        else:
            sizes.setdefault(decision.name, {})[decision.dim] = decision.value
    if not schedule.is_default:
        found += _assumed(task.workload)
    told = [_sized(task, _phrase(phrases, name, "{of}"), some) for name, some in sizes.items()]
    return "; ".join(filter(None, [*told, *found])) or "one result at a time"


def _assumed(workload: Workload) -> list[str]:
    """What was assumed of dims whose extents are known only when the program runs."""
    names = dim_names(workload)
    return [
        f"decided for {workload.extents[bounds.dim]} {names[bounds.dim]}, and good for any number"
        for bounds in workload.dynamic
        if not workload.is_known(bounds.dim)
    ]


def _phrase(phrases: Mapping[str, str], name: str, told: str) -> str:
    """The words for a knob; its own name where there are none."""
    return phrases.get(name, f"{name} {told}")


def _sized(task: Task[Any], phrase: str, sizes: Mapping[int, int]) -> str:
    """One knob's sizes, innermost last. A size of zero is the whole extent."""
    if "{number}" in phrase:
        return phrase.format(number=math.prod(sizes.values()))
    names = dim_names(task.workload)
    extents = [
        extent if task.workload.is_known(dim) else "any number of"
        for dim, extent in enumerate(task.workload.extents)
    ]
    each = [f"{size} {names[dim]}" for dim, size in sorted(sizes.items()) if size != 1]
    of = [
        f"{size} of {extents[dim]} {names[dim]}"
        if size and size != extents[dim]
        else f"all {extents[dim]} {names[dim]}"
        for dim, size in sorted(sizes.items())
    ]
    return phrase.format(each=" by ".join(each) or "one", of=" by ".join(of))
