# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finding the dispatches of a module at the phase `executable-sources`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iree.compiler import ir, passmanager

from . import factors
from .reader import Reading, read_function

_COMMON = (
    "iree-codegen-type-propagation",
    "iree-codegen-bubble-up-ordinal-ops",
    "iree-codegen-bufferize-copy-only-dispatches",
    "iree-codegen-decompose-softmax",
    "iree-linalg-ext-convert-attention-to-online-attention",
)
CPU_NORMALIZATION = (*_COMMON, "iree-codegen-insert-batch-dim-for-batchless-conv")
GPU_NORMALIZATION = ("iree-codegen-gpu-generalize-named-ops", *_COMMON)
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
    targets = {str(variant.attributes["target"]) for variant in _variants(module)}
    passes = CPU_NORMALIZATION if all('"llvm-cpu"' in t for t in targets) else GPU_NORMALIZATION
    nest = "builtin.module(hal.executable(hal.executable.variant(builtin.module(func.func({})))))"
    with module.context:
        passmanager.PassManager.parse(nest.format(",".join(passes))).run(module)


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
    launched = _launched(module)
    found: list[Dispatch] = []
    for view in module.regions[0].blocks[0].operations:
        if view.operation.name != "hal.executable":
            continue
        executable = view.operation
        symbol = ir.StringAttr(executable.attributes["sym_name"]).value
        for variant, function in _functions(executable):
            name = ir.StringAttr(function.attributes["sym_name"]).value
            found.append(
                Dispatch(
                    name,
                    function,
                    executable,
                    str(variant.attributes["target"]),
                    launched.get(symbol, "") == "load",
                    read_function(function),
                )
            )
    return found


def functions_of(module: ir.Operation) -> list[ir.Operation]:
    """The functions of all dispatches of a module, in program order."""
    return [
        function
        for view in module.regions[0].blocks[0].operations
        if view.operation.name == "hal.executable"
        for _, function in _functions(view.operation)
    ]


def configuration(function: ir.Operation) -> str:
    """The lowering choices in force at phase `executable-configurations`, one line each.

    The first line is the function's `translation_info`; then every op with a `lowering_config`.
    """
    lines = []

    def visit(operation: ir.Operation) -> ir.WalkResult:
        for key in ("translation_info", "lowering_config"):
            if key in operation.attributes:
                lines.append(f"{operation.name} {key} = {operation.attributes[key]}")
        return ir.WalkResult.ADVANCE

    function.walk(visit, ir.WalkOrder.PRE_ORDER)
    return "\n".join(lines)


def configurations(module: ir.Operation) -> dict[str, str]:
    """The same of every dispatch function of a module, by its name."""
    return {
        ir.StringAttr(function.attributes["sym_name"]).value: configuration(function)
        for function in functions_of(module)
    }


def _variants(module: ir.Operation) -> list[ir.Operation]:
    """The variants of all executables of a module."""
    return [
        variant.operation
        for view in module.regions[0].blocks[0].operations
        if view.operation.name == "hal.executable"
        for variant in view.operation.regions[0].blocks[0].operations
        if variant.operation.name == "hal.executable.variant"
    ]


def _functions(executable: ir.Operation) -> list[tuple[ir.Operation, ir.Operation]]:
    """(variant, function) pairs of an executable."""
    pairs = []
    for variant in executable.regions[0].blocks[0].operations:
        if variant.operation.name != "hal.executable.variant":
            continue
        for module in variant.operation.regions[0].blocks[0].operations:
            if module.operation.name != "builtin.module":
                continue
            for function in module.operation.regions[0].blocks[0].operations:
                if function.operation.name == "func.func" and function.operation.regions[0].blocks:
                    pairs.append((variant.operation, function.operation))
    return pairs


def _launched(module: ir.Operation) -> dict[str, str]:
    """Executable symbol -> "run" when a function launches it, "load" when only initializers do."""
    launched: dict[str, str] = {}
    for view in module.regions[0].blocks[0].operations:
        kind = "load" if view.operation.name == "util.initializer" else "run"
        if view.operation.name == "hal.executable":
            continue

        def visit(operation: ir.Operation, kind: str = kind) -> ir.WalkResult:
            if operation.name == "stream.cmd.dispatch":
                for symbol in _entry_points(operation):
                    if launched.get(symbol) != "run":
                        launched[symbol] = kind
            return ir.WalkResult.ADVANCE

        view.operation.walk(visit)
    return launched


def _entry_points(operation: ir.Operation) -> list[str]:
    """Executable symbols in a dispatch's `@executable::@variant::@export` references."""
    entries = ir.ArrayAttr(operation.attributes["entry_points"])
    return [ir.SymbolRefAttr(entry).value[0] for entry in entries]
