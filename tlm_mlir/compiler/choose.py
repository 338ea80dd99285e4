# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which dispatches the model is asked about, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir

from ..ir.dispatch import Dispatch
from ..ir.workload import Workload
from ..language.prompt import MAX_TOKENS
from ..language.schedule import Schedule
from ..targets import registry
from ..targets.backend import DispatchTask
from ..targets.target import CpuTarget, Target
from .own import own_choices
from .report import (
    AT_LOAD,
    DEFAULT,
    ESTIMATE,
    LEFT,
    MEASUREMENTS,
    SCHEDULED,
    DispatchReport,
    Report,
)
from .scheduler import Scheduler

SMALL_SHARE = 0.02
"""The least dispatches of a program are not worth a question, up to this share of its work."""
OPERATIONS_AN_ELEMENT = 32
"""What moving an element of memory is counted as, when the work of dispatches is compared."""


def choose(
    dispatches: Sequence[Dispatch],
    configured: ir.Operation,
    target: Target,
    scheduler: Scheduler,
    samples: int | None,
    report: Report,
) -> dict[str, Schedule]:
    """Schedules of dispatches by name, one generation for all distinct workloads.

    `configured` holds IREE's own choices. Every dispatch gets a row in the report.
    """
    report.model = scheduler.identity
    judged = scheduler.judges(target)
    report.foretold_by = MEASUREMENTS if judged else ESTIMATE
    distinct: dict[str, DispatchTask] = {}
    asked: dict[str, DispatchTask] = {}
    small = _small(dispatches, target)
    for dispatch in dispatches:
        outcome, reason = _eligible(dispatch, target)
        workload = dispatch.reading.workload
        digest = workload.digest if workload else ""
        if outcome == SCHEDULED and dispatch.name in small:
            outcome, reason = LEFT, "is too small a part of the program to ask about"
        report.dispatches.append(DispatchReport(dispatch.name, outcome, reason, digest))
        if outcome == SCHEDULED and workload and digest not in distinct:
            distinct[digest] = asked[dispatch.name] = registry.task(workload, target)
    with report.timed("reading"):
        own = own_choices(configured, asked)
    if not judged:
        asked = _comparable(asked, own, report)
    with report.timed("generation"):
        answers = scheduler.schedule(
            list(asked.values()), [own[name] for name in asked], samples
        )
    digests = [task.workload.digest for task in asked.values()]
    return _settle(dict(zip(digests, answers, strict=True)), distinct, report)


def _comparable(
    asked: dict[str, DispatchTask], own: dict[str, Schedule | None], report: Report
) -> dict[str, DispatchTask]:
    """Those of the asked dispatches whose default an estimate can be compared with; the others are
    left, which the report tells."""
    unknown = {task.workload.digest for name, task in asked.items() if own[name] is None}
    for row in report.dispatches:
        if row.outcome == SCHEDULED and row.workload in unknown:
            row.outcome, row.reason = LEFT, "there is no estimate of what IREE does by itself"
    return {name: task for name, task in asked.items() if task.workload.digest not in unknown}


def _settle(
    chosen: dict[str, Schedule], tasks: dict[str, DispatchTask], report: Report
) -> dict[str, Schedule]:
    """Writes the answers into the report; those by name that are not IREE's default."""
    found = {}
    for row in report.dispatches:
        if row.outcome != SCHEDULED:
            continue
        answer = chosen[row.workload]
        row.schedule = tasks[row.workload].text(answer)
        if answer.is_default:
            row.outcome, row.reason = DEFAULT, "the model foretells no clear lead over it"
        else:
            found[row.name] = answer
    return found


def _eligible(dispatch: Dispatch, target: Target) -> tuple[str, str]:
    """Whether a dispatch may get a schedule, or why not."""
    if dispatch.at_load:
        return AT_LOAD, "runs once when the program loads"
    workload = dispatch.reading.workload
    if workload is None:
        return LEFT, dispatch.reading.reason
    if not workload.static:
        return LEFT, "has a dynamic shape"
    if workload.root_op.columns_first and isinstance(target, CpuTarget):
        return LEFT, "multiplies columns by rows, which a script cannot change"
    length = len(registry.task(workload, target).prompt_tokens)
    if length > MAX_TOKENS:
        return LEFT, f"needs {length} tokens and the model reads {MAX_TOKENS}"
    return SCHEDULED, ""


def _small(dispatches: Sequence[Dispatch], target: Target) -> set[str]:
    """Names of the least dispatches, which do SMALL_SHARE of a program's work between them.

    The work of one that cannot be read is not known, and counts as none. One that IREE's default
    gives wrong values never counts as small, nor does an attention, which that takes some ten times
    as long for as for other arithmetic.
    """
    workloads = {
        dispatch.name: dispatch.reading.workload
        for dispatch in dispatches
        if dispatch.reading.workload and dispatch.reading.workload.static and not dispatch.at_load
    }
    rest = SMALL_SHARE * sum(map(_work, workloads.values()))
    found = set()
    for name, workload in sorted(workloads.items(), key=lambda item: _work(item[1])):
        rest -= _work(workload)
        if rest < 0:
            break
        right = registry.task(workload, target).default is not None
        if right and workload.root_op.kind != "attention":
            found.add(name)
    return found


def _work(workload: Workload) -> int:
    return workload.flops + OPERATIONS_AN_ELEMENT * workload.moved
