# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Putting one schedule on one dispatch function, for measuring candidates.

The schedule's script is built and run on the function: a candidate is measured as it would be
shipped.
"""

from __future__ import annotations

from iree.compiler import ir
from iree.compiler.dialects.transform import interpreter

from ..ir.dispatch import swap_operands
from ..ir.lengths import assumed
from ..ir.reader import read_function
from ..ir.workload import Workload
from ..iree.module import symbol
from ..language.schedule import Schedule
from ..targets import registry
from ..targets.target import Target
from .script import ScheduledDispatch, build_script, find_entry


def apply_schedule(function: ir.Operation, schedule: Schedule, target: Target) -> None:
    """Runs a schedule's script on the function that it is for. Nothing for the default.

    The function can be read, as in a module that is normalized.
    """
    if schedule.is_default:
        return
    reading = read_function(function)
    assert reading.workload is not None
    workload = assumed(reading.workload)
    dispatch = ScheduledDispatch(symbol(function), workload, reading.names, schedule)
    # A script may erase ops, and nothing may hold them then.
    del reading
    script = build_script([dispatch], target, function.context)
    interpreter.apply_named_sequence(function, find_entry(script), script.operation)


def apply_tokens(function: ir.Operation, candidate: dict[str, str]) -> None:
    """Applies the candidate `{"workload": json, "target": json, "schedule": tokens}`.

    Where only the function multiplies its columns first, it is changed to what the workload says.
    """
    workload = Workload.from_json(candidate["workload"])
    target = Target.from_json(candidate["target"])
    schedule = registry.task(workload, target).parse(candidate["schedule"])
    if not workload.root_op.columns_first:
        swap_operands(read_function(function))
    apply_schedule(function, schedule, target)
