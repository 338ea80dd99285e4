# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One dispatch as a module of its own, to be compiled and measured apart from its program."""

from __future__ import annotations

from iree.compiler import ir

from .dispatch import Dispatch


def alone(*executables: ir.Operation) -> ir.Operation:
    """A module with copies of some `hal.executable`s."""
    with executables[0].context as context, ir.Location.unknown(context):
        module = ir.Module.create()
        for executable in executables:
            executable.clone(ip=ir.InsertionPoint(module.body))
        return module.operation


def exchange(module: ir.Operation, others: ir.Operation) -> None:
    """Puts copies of the executables of `others` in the place of those of the same names."""
    new = {ir.StringAttr(op.attributes["sym_name"]).value: op for op in _executables(others)}
    for old in _executables(module):
        other = new.get(ir.StringAttr(old.attributes["sym_name"]).value)
        if other is not None:
            other.clone(ip=ir.InsertionPoint(old))
            old.erase()


def _executables(module: ir.Operation) -> list[ir.Operation]:
    views = module.regions[0].blocks[0].operations
    return [view.operation for view in views if view.operation.name == "hal.executable"]


def standalone(dispatch: Dispatch) -> str | None:
    """MLIR text of a module with this dispatch's `hal.executable` alone.

    A dispatch that its program launches at several buffer offsets receives them as push constants;
    here the offsets are zero, so that no argument is left. None when push constants mean something
    else (a dynamic shape).
    """
    context = dispatch.function.context
    with context, ir.Location.unknown(context):
        module = alone(dispatch.executable)
        clone = module.regions[0].blocks[0].operations[0].operation
        if not _zero_offsets(clone):
            return None
        for variant in clone.regions[0].blocks[0].operations:
            if variant.operation.name == "hal.executable.variant":
                _keep_only(variant.operation, dispatch.name)
        return str(module)


def _zero_offsets(executable: ir.Operation) -> bool:
    loads: list[ir.Operation] = []
    assumptions: list[ir.Operation] = []

    def visit(operation: ir.Operation) -> ir.WalkResult:
        if operation.name == "hal.interface.constant.load":
            loads.append(operation.operation)
        elif operation.name == "util.assume.int":
            assumptions.append(operation.operation)
        return ir.WalkResult.ADVANCE

    executable.walk(visit)
    if not all(_only_offsets(load.results[0]) for load in loads):
        return False
    # An assumption about an offset would be false for zero, and undefined behaviour with it.
    for assumption in assumptions:
        for result, operand in zip(assumption.results, assumption.operands, strict=True):
            result.replace_all_uses_with(operand)
        assumption.erase()
    for load in loads:
        zero = ir.IntegerAttr.get(load.results[0].type, 0)
        constant = ir.Operation.create(
            "arith.constant",
            results=[load.results[0].type],
            attributes={"value": zero},
            ip=ir.InsertionPoint(load),
        )
        load.results[0].replace_all_uses_with(constant.results[0])
        load.erase()
    return True


def _only_offsets(value: ir.Value) -> bool:
    """Whether a value ends only in buffer offsets."""
    for use in value.uses:
        owner = use.owner.operation
        if owner.name in ("arith.index_castui", "arith.index_cast", "util.assume.int"):
            if not all(_only_offsets(result) for result in owner.results):
                return False
        elif owner.name in ("arith.extui", "arith.shli", "arith.ori"):
            if not all(_only_offsets(result) for result in owner.results):
                return False
        elif owner.name != "hal.interface.binding.subspan":
            return False
    return True


def _keep_only(variant: ir.Operation, name: str) -> None:
    """Drops the other exports and functions of a variant."""
    for view in list(variant.regions[0].blocks[0].operations):
        operation = view.operation
        if operation.name == "hal.executable.export":
            if ir.StringAttr(operation.attributes["sym_name"]).value != name:
                operation.erase()
        elif operation.name == "builtin.module":
            for function in list(operation.regions[0].blocks[0].operations):
                if function.operation.name == "func.func":
                    if ir.StringAttr(function.operation.attributes["sym_name"]).value != name:
                        function.operation.erase()
