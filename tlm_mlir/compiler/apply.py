# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Putting a schedule on a dispatch function directly, for measuring candidates."""

from __future__ import annotations

from iree.compiler import ir, passmanager

from ..ir.dispatch import put_rows_first
from ..ir.reader import Reading, read_function
from ..ir.workload import Workload
from ..language.schedule import Schedule, decode
from ..targets import registry
from ..targets.target import Target


def annotate(reading: Reading, function: ir.Operation, schedule: Schedule, target: Target) -> None:
    """Does to the function what the schedule's script would do. Nothing for `default`."""
    backend = registry.backend(target)
    assert reading.workload is not None
    if schedule.choice("pipeline") == backend.DEFAULT:
        return
    ops = reading.ops
    with function.context as context:
        if needed := backend.restructuring(reading.workload, schedule):
            passmanager.PassManager.parse(f"func.func({needed})", context).run(function)
            ops = read_function(function).ops
        found = registry.attributes(reading.workload, target, schedule)
        for operation, attributes in zip(ops, found, strict=True):
            for name, text in attributes.items():
                operation.attributes[name] = ir.Attribute.parse(text)
        whole = registry.function_attributes(reading.workload, target, schedule)
        for name, text in whole.items():
            function.attributes[name] = ir.Attribute.parse(text)


def apply_tokens(function: ir.Operation, candidate: dict[str, str]) -> None:
    """Applies the candidate `{"workload": json, "target": json, "schedule": tokens}`.

    Where only the function multiplies its columns first, it is changed to what the workload says.
    """
    workload = Workload.from_json(candidate["workload"])
    target = Target.from_json(candidate["target"])
    schedule = decode(candidate["schedule"].split(), registry.space_maker(workload, target))
    reading = read_function(function)
    if not workload.root_op.columns_first:
        reading = put_rows_first(reading)
    annotate(reading, function, schedule, target)
