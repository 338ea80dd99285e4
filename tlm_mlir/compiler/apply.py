# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Putting a schedule on a dispatch function directly, for measuring candidates."""

from __future__ import annotations

from iree.compiler import ir, passmanager

from ..ir.dispatch import put_rows_first
from ..ir.reader import Reading, read_function
from ..ir.workload import Workload
from ..language.schedule import Schedule
from ..targets import registry
from ..targets.target import Target


def annotate(reading: Reading, function: ir.Operation, schedule: Schedule, target: Target) -> None:
    """Does to the function what the schedule's script would do. Nothing for `default`."""
    assert reading.workload is not None
    if schedule.is_default:
        return
    found = registry.task(reading.workload, target).configuration(schedule)
    ops = reading.ops
    with function.context as context:
        if found.before:
            passmanager.PassManager.parse(f"func.func({found.before})", context).run(function)
            ops = read_function(function).ops
        whole = (*found.ops, found.function)
        for operation, attributes in zip((*ops, function), whole, strict=True):
            for name, text in attributes.items():
                operation.attributes[name] = ir.Attribute.parse(text)


def apply_tokens(function: ir.Operation, candidate: dict[str, str]) -> None:
    """Applies the candidate `{"workload": json, "target": json, "schedule": tokens}`.

    Where only the function multiplies its columns first, it is changed to what the workload says.
    """
    workload = Workload.from_json(candidate["workload"])
    target = Target.from_json(candidate["target"])
    schedule = registry.task(workload, target).parse(candidate["schedule"])
    reading = read_function(function)
    if not workload.root_op.columns_first:
        reading = put_rows_first(reading)
    annotate(reading, function, schedule, target)
