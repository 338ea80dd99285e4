# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The scalar body of a structured op as canonical lines of text."""

from __future__ import annotations

from iree.compiler import ir

from ..iree.module import block

COMMUTATIVE = frozenset(
    ["addf", "mulf", "addi", "muli", "maximumf", "minimumf", "maxnumf", "minnumf", "maxsi"]
    + ["minsi", "maxui", "minui", "andi", "ori", "xori"]
)
"""Scalar ops (last part of the name) whose two operands may be swapped."""


def body_lines(op: ir.Operation, order: list[int]) -> tuple[str, ...]:
    """The body as `name(operand,...)` lines; operands are `a<i>` (block argument i) or `v<line>`.

    Constants keep their type and lose their value: equal bodies up to constants run alike. Operands
    of commutative ops are sorted, so writing `b + a` for `a + b` gives the same lines. `order[i]`
    is the block argument that counts as a<i>; arguments past it (destinations) keep their place.
    """
    if not len(op.regions) or not len(op.regions[0].blocks):
        return ()
    inside = block(op)
    rank = {argument: place for place, argument in enumerate(order)}
    names: dict[ir.Value, str] = {
        arg: f"a{rank.get(i, i)}" for i, arg in enumerate(inside.arguments)
    }
    lines: list[str] = []
    for inner in inside.operations:
        operation = inner.operation
        name = operation.name
        short = name.rsplit(".", 1)[-1]
        operands = [names.get(value) or _outside(value) for value in operation.operands]
        if short in COMMUTATIVE:
            operands.sort()
        lines.append(f"{short}{_detail(operation)}({','.join(operands)})")
        for result in operation.results:
            names[result] = f"v{len(lines) - 1}"
    return tuple(lines)


def _outside(value: ir.Value) -> str:
    """A value defined outside of the body: a captured constant, index or tensor, by type only."""
    return f"c:{value.type}"


def _detail(operation: ir.Operation) -> str:
    """What the name alone does not say: a comparison's predicate, a cast's result type."""
    if operation.name.endswith((".cmpf", ".cmpi")):
        return f"[{operation.attributes['predicate']}]".replace(" : i64", "")
    if operation.name == "linalg.index":
        return f"[{operation.attributes['dim']}]".replace(" : i64", "")
    if len(operation.results) == 1 and len(operation.operands) == 1:
        source, result = operation.operands[0].type, operation.results[0].type
        if source != result:
            return f"[{result}]"
    return ""
