# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finding the dispatches of a module at the phase `executable-sources`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iree.compiler import ir

from ..iree.executable_target import CPU, backend
from ..iree.executables import executables, functions, launched, run_on_functions, variants
from ..iree.module import symbol
from ..iree.passes import CPU_NORMALIZATION, GPU_NORMALIZATION
from . import factors
from .reader import Reading, read_function


@dataclass(frozen=True)
class Dispatch:
    """One dispatch function and what was read in it.

    `name` is the function's symbol, `target` the text of its `#hal.executable.target`, and
    `at_load` is true when only initializers launch it, so that it runs once when a program loads.
    """

    name: str
    function: ir.Operation
    executable: ir.Operation
    target: str
    at_load: bool
    reading: Reading


def normalize(module: ir.Operation) -> None:
    """Brings all dispatch functions to the form in which they are read and configured.

    Functions in this form already stay in it, but constants may move in front of the ops that use
    them. Raises CompileError where one of IREE's passes fails.
    """
    targets = {
        backend(str(variant.attributes["target"]))
        for executable in executables(module)
        for variant in variants(executable)
    }
    needed = CPU_NORMALIZATION if targets == {CPU} else GPU_NORMALIZATION
    run_on_functions(module, needed)


def rows_first(dispatch: Dispatch) -> Dispatch:
    """The dispatch, whose root op multiplies in the order that IREE lowers well from now on, if it
    is a contraction for a CPU. What it computes stays the same."""
    if backend(dispatch.target) != CPU:
        return dispatch
    return replace(dispatch, reading=put_rows_first(dispatch.reading))


def put_rows_first(reading: Reading) -> Reading:
    """The same for a reading, whatever it is for."""
    workload = reading.workload
    if workload is None or not workload.root_op.columns_first:
        return reading
    factors.put_rows_first(reading.ops[workload.root])
    return replace(reading, workload=workload.rows_first())


def find_dispatches(module: ir.Operation) -> list[Dispatch]:
    """All dispatch functions of a normalized module, in program order."""
    runs = launched(module)
    return [
        Dispatch(
            symbol(function),
            function,
            executable,
            str(variant.attributes["target"]),
            runs.get(symbol(executable), "") == "load",
            read_function(function),
        )
        for executable in executables(module)
        for variant in variants(executable)
        for function in functions(variant)
    ]
