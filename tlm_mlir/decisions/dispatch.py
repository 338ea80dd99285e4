# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The lowering of dispatches, decided at the end of the phase `executable-sources`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from iree.compiler import ir

from ..errors import TargetError
from ..ir.analysis import ahead
from ..ir.dispatch import Dispatch, find_dispatches
from ..ir.lengths import assumed
from ..ir.workload import Workload
from ..iree.locations import location
from ..iree.phases import SOURCES
from ..language.schedule import Schedule
from ..targets import registry
from ..targets.backend import DispatchTask
from ..targets.dispatches import normalize, swap_operands
from ..targets.target import Target
from ..targets.task import Task
from .point import AT_LOAD, LEFT, DecisionPoint, Site
from .schedule_pass import SchedulePass
from .script import ScheduledDispatch, build_script
from .specialize import specialize

SMALL_SHARE = 0.02
"""The least dispatches of a program are not worth a question, up to this share of its work."""
OPERATIONS_AN_ELEMENT = 32
"""What moving an element of memory is counted as, when the work of dispatches is compared."""


@dataclass(frozen=True, kw_only=True)
class DispatchSite(Site):
    """A dispatch of a program."""

    dispatch: Dispatch


class Lowering(DecisionPoint):
    """How code is generated for each dispatch.

    Unless told not to `rewrite`, contractions on CPUs get their operands in the order that IREE
    lowers well (`targets.dispatches.swap_operands`), whether they get a schedule or not; and unless
    told not to `specialize`, some dynamic ones get code of its own for one length.
    """

    name = "dispatch"
    phase = SOURCES

    def __init__(self, rewrite: bool = True, specialize: bool = True) -> None:
        self._rewrite, self._specialize = rewrite, rewrite and specialize

    def find(self, module: ir.Operation, cores: int) -> list[Site]:
        """The dispatches of a module, normalized from now on, each for its own target."""
        normalize(module)
        dispatches = find_dispatches(module)
        if self._rewrite:
            dispatches = [swap_operands(dispatch) for dispatch in dispatches]
        if self._specialize:
            targets = _targets(dispatches, cores, module.context)
            tasks = [_task(*pair) for pair in zip(dispatches, targets, strict=True)]
            if specialize(module, dispatches, tasks):
                dispatches = find_dispatches(module)
        return _sites(dispatches, cores, module.context)

    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        """Runs the script of the schedules, one for each target."""
        for target, some in scheduled(sites, schedules).items():
            script = build_script(some, target, module.context)
            SchedulePass(script, only={dispatch.name for dispatch in some}).run(module)


def scheduled(
    sites: Sequence[Site], schedules: Sequence[Schedule | None]
) -> dict[Target, list[ScheduledDispatch]]:
    """The dispatches that are not left to IREE, by their target."""
    found: dict[Target, list[ScheduledDispatch]] = {}
    for site, schedule in zip(sites, schedules, strict=True):
        if schedule is None or schedule.is_default:
            continue
        assert isinstance(site, DispatchSite) and site.task is not None
        ops = site.dispatch.reading.names
        dispatch = ScheduledDispatch(site.name, site.task.workload, ops, schedule)
        found.setdefault(site.task.target, []).append(dispatch)
    return found


def small(tasks: Sequence[Task[Any] | None]) -> set[int]:
    """Places of the least tasks of a program, which do SMALL_SHARE of its work between them.

    What is None has no known work, and counts as none. A dispatch that IREE's default gives wrong
    values never counts as small, nor does an attention, a product with packed weights or a softmax,
    which that takes some ten times as long for as for other arithmetic.
    """
    works = {place: work(task.workload) for place, task in enumerate(tasks) if task is not None}
    rest = SMALL_SHARE * sum(works.values())
    found = set()
    for place, amount in sorted(works.items(), key=lambda item: item[1]):
        rest -= amount
        if rest < 0:
            break
        task = tasks[place]
        assert task is not None
        attends = task.workload.root_op.kind == "attention"
        slow = attends or bool(task.family) or bool(ahead(task.workload))
        if task.default is not None and not slow:
            found.add(place)
    return found


def work(workload: Workload) -> int:
    """The work of a static workload, in scalar operations."""
    return workload.flops + OPERATIONS_AN_ELEMENT * workload.moved


def _targets(
    dispatches: Sequence[Dispatch], cores: int, context: ir.Context
) -> list[Target | None]:
    """What each dispatch is compiled for; None where there are no schedules for that."""

    @cache
    def target_of(text: str) -> Target | None:
        try:
            return registry.read_target(text, cores, context)
        except TargetError:
            return None

    return [target_of(dispatch.target) for dispatch in dispatches]


def _sites(dispatches: Sequence[Dispatch], cores: int, context: ir.Context) -> list[Site]:
    """The sites of some dispatches, in their order."""
    targets = _targets(dispatches, cores, context)
    tasks = [_task(*pair) for pair in zip(dispatches, targets, strict=True)]
    least = small(tasks)
    names = Counter(dispatch.name for dispatch in dispatches)
    found: list[Site] = []
    for place, (dispatch, target, task) in enumerate(zip(dispatches, targets, tasks, strict=True)):
        reason = _reason(dispatch, target, names[dispatch.name], task)
        if not reason and place in least:
            reason = "is too small a part of the program to ask about"
        found.append(
            DispatchSite(
                Lowering.name,
                dispatch.name,
                _place(dispatch),
                dispatch.function,
                task.workload if task else dispatch.reading.workload,
                None if reason else task,
                reason,
                AT_LOAD if dispatch.at_load else LEFT,
                dispatch=dispatch,
            )
        )
    return found


def _place(dispatch: Dispatch) -> str:
    """Where in the source the root op of a dispatch comes from; empty where that is not known."""
    reading = dispatch.reading
    return location(reading.ops[reading.workload.root]) if reading.workload else ""


def _task(dispatch: Dispatch, target: Target | None) -> DispatchTask[Any] | None:
    """The task of a dispatch that runs with the program, None where there are no schedules."""
    workload = dispatch.reading.workload
    if workload is None or target is None or dispatch.at_load:
        return None
    task = registry.task(assumed(workload), target)
    return task if task.question.serves(task.workload) else None


def _reason(
    dispatch: Dispatch, target: Target | None, count: int, task: DispatchTask[Any] | None
) -> str:
    """Why nothing is asked about one of `count` dispatches of its name; empty if something is."""
    workload = dispatch.reading.workload
    if dispatch.at_load:
        return "runs once when the program loads"
    if workload is None:
        return dispatch.reading.reason
    if target is None:
        return "is for a target that has no schedules"
    if count > 1:
        return f"is compiled for {count} targets, which a script cannot tell apart"
    if 0 in workload.extents:
        return "computes nothing"
    if task is None:
        return "has a dynamic shape"
    if workload.root_op.columns_first and registry.backend(target).swaps_operands:
        return "multiplies columns by rows, which a script cannot change"
    return ""
