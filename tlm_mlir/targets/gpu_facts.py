# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPUs: static facts about a schedule, by which measurements calibrate the static estimate.

They are the estimate itself and the parts that it is made of (`gpu_machine.Demand`), beside the
sizes that the schedule decides: trees that learned from a device's records
(training/fit/cost_model.py) weigh them as that device does, where the estimate's constants are
those of another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from ..ir.workload import Workload
from ..language.schedule import Schedule
from .facts import Facts, beside_own, by_dim, log
from .gpu import ACROSS, ATTENTION, MATRIX, PLAIN, PROMOTE
from .gpu_estimate import SCALAR, demand
from .gpu_machine import UNKNOWN_UNITS, allowed_registers, cycles, resident
from .target import GpuTarget

PIPELINES = (SCALAR, PLAIN, PROMOTE, MATRIX, ACROSS)
LEVELS = ("thread", "subgroup", "group", "reduce")
"""Of the sizes that schedules decide."""


def facts(
    workload: Workload, target: GpuTarget, schedules: Sequence[Schedule], own: Schedule | None
) -> list[Facts]:
    """All facts about each schedule, by name; `own` is IREE's own choice, None if unknown."""
    rows = (_schedule_facts(workload, target, schedule) for schedule in schedules)
    reference = _schedule_facts(workload, target, own) if own else None
    return beside_own(_workload_facts(workload), rows, reference)


def _workload_facts(workload: Workload) -> Facts:
    root = workload.root_op
    extents = dict(enumerate(workload.extents))
    found = {
        "operations": log(workload.flops),
        "elements": log(workload.moved),
        "operations an element": log(workload.flops / max(1, workload.moved)),
        "ops": len(workload.ops),
        "ops after root": len(workload.ops) - 1 - workload.root,
        "attention": root.kind == ATTENTION,
        "body": sum(len(op.body) for op in workload.ops),
        "inputs": len(root.inputs),
        "widest": max(operand.bytes for op in workload.ops for operand in op.outputs),
    }
    for kind in ("parallel", "reduction"):
        found |= by_dim(f"{kind} extent", kind, root.dims(kind), extents)
    return {name: float(value) for name, value in found.items()}


def _schedule_facts(workload: Workload, target: GpuTarget, schedule: Schedule) -> Facts:
    """The same names, in the same order, for every schedule."""
    wanted = demand(workload, target, schedule)
    units = target.units or UNKNOWN_UNITS
    found = {
        "pipeline": float(PIPELINES.index(schedule.choice("pipeline"))),
        "estimate": log(cycles(target, wanted)),
        "resident": log(resident(target, wanted)),
        "rounds": log(-(-wanted.workgroups // units)),
        "invocations": log(wanted.workgroups * wanted.threads),
        "registers / allowed": log(wanted.registers / allowed_registers(target, wanted)),
        "threads / subgroup": log(wanted.threads / target.subgroup),
        **{name: log(value) for name, value in asdict(wanted).items()},
    }
    for part in ("multiply", "issue", "near", "far", "waits"):
        found[f"all {part}"] = log(wanted.workgroups * getattr(wanted, part))
    root = workload.root_op
    for level in LEVELS:
        for kind in ("parallel", "reduction"):
            sizes = {dim: schedule.size(level, dim, 1) or 1 for dim in root.dims(kind)}
            found |= by_dim(f"{level} {kind}", kind, root.dims(kind), sizes)
    return found
