# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPUs: features of a schedule, by which measurements calibrate the static estimate.

They are the estimate itself and the parts that it is made of (`machine.Demand`), beside the sizes
that the schedule decides: trees that learned from a device's records (training/fit/cost_model.py)
weigh them as that device does, where the estimate's constants are those of another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from ...ir.workload import Workload
from ...language.schedule import Schedule
from ..features import Features, beside_baseline, by_dim, log
from .machine import allowed_registers, cycles, resident, units
from .pipeline import GpuPipeline, GpuTask

LEVELS = ("thread", "subgroup", "group", "reduce")
"""Levels whose sizes schedules decide."""
Choice = tuple[Schedule, GpuPipeline]
"""A schedule and its pipeline."""


def features(
    task: GpuTask, choices: Sequence[Choice], baseline: Choice | None
) -> list[Features]:
    """All features of each schedule, by name; `baseline` is IREE's own choice, None if unknown."""
    rows = (_schedule_features(task, *choice) for choice in choices)
    reference = _schedule_features(task, *baseline) if baseline else None
    return beside_baseline(_workload_features(task.workload), rows, reference)


def _workload_features(workload: Workload) -> Features:
    root = workload.root_op
    extents = dict(enumerate(workload.extents))
    found = {
        "operations": log(workload.flops),
        "elements": log(workload.moved),
        "operations an element": log(workload.flops / max(1, workload.moved)),
        "ops": len(workload.ops),
        "ops after root": len(workload.ops) - 1 - workload.root,
        "attention": root.kind == "attention",
        "body": sum(len(op.body) for op in workload.ops),
        "inputs": len(root.inputs),
        "widest": max(operand.bytes for op in workload.ops for operand in op.outputs),
    }
    for kind in ("parallel", "reduction"):
        found |= by_dim(f"{kind} extent", kind, root.dims(kind), extents)
    return {name: float(value) for name, value in found.items()}


def _schedule_features(task: GpuTask, schedule: Schedule, pipeline: GpuPipeline) -> Features:
    """Features of one schedule. Names and their order do not depend on it."""
    target, wanted = task.target, pipeline.demand(task, schedule)
    found = {
        "pipeline": float(pipeline.number),
        "estimate": log(cycles(target, wanted)),
        "resident": log(resident(target, wanted)),
        "rounds": log(-(-wanted.workgroups // units(target))),
        "invocations": log(wanted.workgroups * wanted.threads),
        "registers / allowed": log(wanted.registers / allowed_registers(target, wanted)),
        "threads / subgroup": log(wanted.threads / target.subgroup),
        **{name: log(value) for name, value in asdict(wanted).items()},
    }
    for part in ("multiply", "issue", "near", "far", "waits"):
        found[f"all {part}"] = log(wanted.workgroups * getattr(wanted, part))
    root = task.workload.root_op
    for level in LEVELS:
        for kind in ("parallel", "reduction"):
            sizes = {dim: schedule.size(level, dim, 1) or 1 for dim in root.dims(kind)}
            found |= by_dim(f"{level} {kind}", kind, root.dims(kind), sizes)
    return found
