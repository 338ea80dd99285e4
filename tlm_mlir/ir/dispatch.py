# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finding the dispatches of a module at the phase `executable-sources`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iree.compiler import ir

from ..iree.executables import executables, functions, launches, variants
from ..iree.module import symbol
from . import operand_order
from .reader import Reading, read_function


@dataclass(frozen=True)
class Dispatch:
    """One dispatch function and what was read in it.

    `name` is the function's symbol, `target` the text of its `#hal.executable.target`, and
    `launches` how often the program launches it: 0 where only initializers do.
    """

    name: str
    function: ir.Operation
    executable: ir.Operation
    target: str
    launches: int
    reading: Reading

    @property
    def at_load(self) -> bool:
        """Whether it runs once, when a program loads."""
        return self.launches == 0


def swap_operands(reading: Reading) -> Reading:
    """The reading of a dispatch whose root op, if it is a contraction, multiplies in the order that
    IREE lowers well on CPUs from now on."""
    workload = reading.workload
    if workload is None or not workload.root_op.columns_first:
        return reading
    operand_order.swap_operands(reading.ops[workload.root])
    return replace(reading, workload=workload.swapped())


def find_dispatches(module: ir.Operation) -> list[Dispatch]:
    """All dispatch functions of a normalized module, in program order."""
    runs = launches(module)
    return [
        Dispatch(
            symbol(function),
            function,
            executable,
            str(variant.attributes["target"]),
            runs.get(symbol(executable), 1),
            read_function(function),
        )
        for executable in executables(module)
        for variant in variants(executable)
        for function in functions(variant)
    ]
