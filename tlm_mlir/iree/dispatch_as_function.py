# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A dispatch turned back into a program: a function from tensors to tensors."""

from __future__ import annotations

from iree.compiler import ir

from .attributes import TRANSLATION
from .executables import functions_of
from .module import block, body, set_symbol
from .ops import REGION, REGION_RETURN, SUBSPAN, TENSOR_LOAD, TENSOR_STORE


def as_program(executable: ir.Operation) -> ir.Operation | None:
    """A module whose function `main` computes what the one function of a dispatch does.

    before: %b = subspan binding(0) ..., %t = dispatch.tensor.load %b, ..., dispatch.tensor.store
    after:  func.func @main(%t: tensor<...>) -> tensor<...>

    `executable` is a module with a dispatch alone (`executables.alone`). None where the dispatch
    reads or writes a part of a tensor, or buffers.
    """
    (function,) = functions_of(executable)
    with executable.context as context, ir.Location.unknown(context):
        # An op that is made before its dialect is loaded points to freed memory afterwards.
        context.dialects["flow"]
        module = ir.Module.create()
        copy = function.clone(ip=ir.InsertionPoint(module.body)).operation
        if not _to_tensors(copy):
            return None
        for name in (TRANSLATION, "hal.export.layout"):
            if name in copy.attributes:
                del copy.attributes[name]
        set_symbol(copy, "main")
        return module.operation


def _to_tensors(function: ir.Operation) -> bool:
    """Loads become arguments and stores results, in place; False where that cannot be."""
    inside = block(function)
    operations = body(function)
    for subspan in (operation for operation in operations if operation.name == SUBSPAN):
        uses = [use.owner.operation for use in subspan.results[0].uses]
        if not all(_whole(use, subspan) for use in uses):
            return False
        loads = [use for use in uses if use.name == TENSOR_LOAD]
        if loads:
            kind = loads[0].results[0].type
            argument = inside.add_argument(kind, ir.Location.unknown(function.context))
        for load in loads:
            load.results[0].replace_all_uses_with(argument)
    results = [op.operands[0] for op in operations if op.name == TENSOR_STORE]
    for operation in reversed(operations):
        if operation.name in (TENSOR_LOAD, TENSOR_STORE, SUBSPAN):
            operation.erase()
    region = _region(inside, results)
    ir.Operation.create("func.return", operands=region.results, ip=ir.InsertionPoint(inside))
    kinds = [[value.type for value in values] for values in (inside.arguments, region.results)]
    function.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(*kinds))
    return bool(results)


def _region(inside: ir.Block, results: list[ir.Value]) -> ir.Operation:
    """Moves all that a block computes into a dispatch region, which IREE will not take apart."""
    *moved, end = [view.operation for view in inside.operations]
    end.erase()
    region = ir.Operation.create(
        REGION,
        results=[value.type for value in results],
        attributes={"operandSegmentSizes": ir.DenseI32ArrayAttr.get([0, 0])},
        regions=2,
        ip=ir.InsertionPoint(inside),
    )
    nested = region.regions[0].blocks.append()
    last = ir.Operation.create(REGION_RETURN, operands=results, ip=ir.InsertionPoint(nested))
    for operation in moved:
        operation.move_before(last)
    return region


def _whole(use: ir.Operation, subspan: ir.Operation) -> bool:
    """Whether an op loads or stores all of a binding's tensor."""
    if use.name not in (TENSOR_LOAD, TENSOR_STORE):
        return False
    value = use.results[0] if use.name == TENSOR_LOAD else use.operands[0]
    return str(subspan.results[0].type).endswith(f":{value.type}>")
