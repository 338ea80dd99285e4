# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attentions of a program as structured ops: two contractions, and a softmax between them.

before: iree_linalg_ext.attention ins(query, key, value, scale, mask)
after:  scores = scale * query x key + mask; exp2(scores - their maximum); that x value / its sum

IREE has this decomposition for a tile of an attention in a dispatch
(Dialect/LinalgExt/Transforms/DecomposeAttention.cpp). Here it is run on whole ones, each in a
function of its own, whose body then takes the place of the op.
"""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir, passmanager
from iree.compiler.dialects import func

from ..iree.invocation import refusals
from ..iree.module import block, body, walk
from ..iree.passes import DECOMPOSE_ATTENTION, ONLINE_ATTENTION

FUNCTION = "func.func"


def decompose_attentions(module: ir.Operation, chosen: Sequence[ir.Operation]) -> None:
    """Replaces some attentions of a program. They are gone afterwards.

    Raises CompileError where IREE refuses one.
    """
    if not chosen:
        return
    with module.context as context, ir.Location.unknown(context), refusals():
        alone = ir.Module.create()
        for number, operation in enumerate(chosen):
            with ir.InsertionPoint(alone.body):
                _outline(operation, f"attention_{number}")
        passes = ",".join((ONLINE_ATTENTION, DECOMPOSE_ATTENTION))
        manager = passmanager.PassManager.parse(f"builtin.module({FUNCTION}({passes}))")
        manager.run(alone.operation)
        for operation, function in zip(chosen, body(alone.operation), strict=True):
            _inline(function, operation)


def _outline(operation: ir.Operation, name: str) -> None:
    """Makes a function that computes what an op does, of the op's operands."""
    operands = list(operation.operands)
    types = [value.type for value in operands], [value.type for value in operation.results]
    function = func.FuncOp(name, types)
    entry = function.add_entry_block()
    with ir.InsertionPoint(entry), operation.location:
        copy = operation.clone()
        for place, argument in enumerate(entry.arguments):
            copy.operands[place] = argument
        func.ReturnOp(list(copy.results))


def _inline(function: ir.Operation, operation: ir.Operation) -> None:
    """Puts the body of a function in the place of an op with its operands and results."""
    known = dict(zip(block(function).arguments, operation.operands, strict=True))
    *inside, last = body(function)
    with ir.InsertionPoint(operation):
        for inner in inside:
            copy = inner.clone()
            for nested in walk(copy):
                for place, value in enumerate(nested.operands):
                    if value in known:
                        nested.operands[place] = known[value]
            known |= zip(inner.results, copy.results, strict=True)
    for result, value in zip(operation.results, last.operands, strict=True):
        result.replace_all_uses_with(known[value])
    operation.erase()
