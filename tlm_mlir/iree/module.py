# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Walking through MLIR modules: symbols, bodies, nested ops."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from iree.compiler import ir

SYMBOL = "sym_name"


def symbol(operation: ir.Operation) -> str:
    """The name of a symbol op: a function, an executable, a named sequence."""
    return ir.StringAttr(operation.attributes[SYMBOL]).value


def set_symbol(operation: ir.Operation, name: str) -> None:
    """Renames a symbol op. What refers to it stays as it is."""
    operation.attributes[SYMBOL] = ir.StringAttr.get(name, operation.context)


def block(operation: ir.Operation) -> ir.Block:
    """The first block of an op's first region: all there is of a module or a structured op."""
    return operation.regions[0].blocks[0]


def body(operation: ir.Operation) -> list[ir.Operation]:
    """The ops of an op's first block, in order. The list stays valid while some are erased."""
    return [view.operation for view in block(operation).operations]


def named(operation: ir.Operation, *names: str) -> list[ir.Operation]:
    """The ops of an op's first block that have one of some names."""
    return [inner for inner in body(operation) if inner.name in names]


def walk(operation: ir.Operation, *, outer_first: bool = False) -> list[ir.Operation]:
    """An op and all ops nested in it; inner ones first, as MLIR's walk goes, unless asked."""
    found: list[ir.Operation] = []

    def visit(inner: ir.Operation) -> ir.WalkResult:
        found.append(inner.operation)
        return ir.WalkResult.ADVANCE

    operation.walk(visit, ir.WalkOrder.PRE_ORDER if outer_first else ir.WalkOrder.POST_ORDER)
    return found


def find(operations: Iterable[ir.Operation], name: str) -> ir.Operation | None:
    """The symbol op of some name among others, None where there is none."""
    for operation in operations:
        if SYMBOL in operation.attributes and symbol(operation) == name:
            return operation
    return None


@cache
def reading_context() -> ir.Context:
    """A context for reading text, which no op of a program is made in."""
    return ir.Context()
