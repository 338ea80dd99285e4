# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finding the dispatches of a module at the phase `executable-sources`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iree.compiler import ir, passmanager

from ..iree import passes
from ..iree.executables import executables, functions, launched, variants
from ..iree.module import symbol
from . import factors
from .reader import Reading, read_function

_COMMON = (
    passes.TYPE_PROPAGATION,
    passes.BUBBLE_UP_ORDINALS,
    passes.BUFFERIZE_COPIES,
    passes.DECOMPOSE_SOFTMAX,
    passes.ONLINE_ATTENTION,
)
CPU_NORMALIZATION = (*_COMMON, passes.INSERT_BATCH_DIM)
GPU_NORMALIZATION = (passes.GENERALIZE_NAMED_OPS, *_COMMON)
"""What IREE itself runs on a dispatch before it configures it (Codegen's Common, LLVMCPU, LLVMGPU
and SPIRV, each Passes.cpp), up to the batch dim of convolutions on CPUs, which it inserts later.
Run first, so that what is read is what the configuration will be attached to. Each leaves its own
output alone."""


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
    """Brings all dispatch functions to the form in which they are read and configured."""
    targets = {
        str(variant.attributes["target"])
        for executable in executables(module)
        for variant in variants(executable)
    }
    needed = CPU_NORMALIZATION if all('"llvm-cpu"' in t for t in targets) else GPU_NORMALIZATION
    nest = "builtin.module(hal.executable(hal.executable.variant(builtin.module(func.func({})))))"
    with module.context:
        passmanager.PassManager.parse(nest.format(",".join(needed))).run(module)


def rows_first(dispatch: Dispatch) -> Dispatch:
    """The dispatch, whose root op multiplies in the order that IREE lowers well from now on, if it
    is a contraction for a CPU. What it computes stays the same."""
    if '"llvm-cpu"' not in dispatch.target:
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
