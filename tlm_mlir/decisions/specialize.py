# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Code of their own for lengths that a schedule for any length serves badly.

before: func @product, with `?` rows
after:  func @product, launched for one row, and func @product_0, launched for other numbers of rows

IREE's own pass does so (Codegen/Common/SpecializeExports.cpp), and the program picks the function
by a condition. A dispatch gets one more function at most, so that code no more than doubles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iree.compiler import ir

from ..ir.dispatch import Dispatch
from ..iree.attributes import SPECIALIZATION, specialization
from ..iree.executables import specialize_exports
from ..targets.backend import DispatchTask


def specialize(
    module: ir.Operation, dispatches: Sequence[Dispatch], tasks: Sequence[DispatchTask[Any] | None]
) -> bool:
    """Gives dispatches whose question wants it a function for some lengths.

    `tasks` has one for each dispatch, None for those that are not asked about. Returns whether any
    got one; what was read of the module is then stale.
    """
    found = False
    for dispatch, task in zip(dispatches, tasks, strict=True):
        special = task.question.special(task) if task is not None else None
        if task is None or special is None:
            continue
        found = True
        dim, low, high = special
        loops = task.workload.root_op.loops
        ranges = [(low, high) if loop == dim else None for loop in loops]
        root = dispatch.reading.ops[task.workload.root]
        with root.context:
            root.attributes[SPECIALIZATION] = ir.Attribute.parse(specialization(ranges))
    if found:
        specialize_exports(module)
    return found
