# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The order in which a contraction multiplies its factors, which IREE's code for CPUs depends on.

A product may have the factor with the result's innermost dim (the columns) as its first operand. A
1x1 convolution of an NCHW image whose points IREE has collapsed does. IREE 3.13 then lays vectors
across the columns and transposes them in the end. With the operands swapped, the same dispatch runs
1.4 to 6 times as fast under IREE's own choice, and more under a schedule (benchmarks/HISTORY.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir

from ..iree.module import block, body
from .analysis import CASTS

_CASTS = frozenset(f"arith.{name}" for name in CASTS)


def columns_first(
    operation: ir.Operation, inputs: Sequence[frozenset[int | None]], result: Sequence[int | None]
) -> bool:
    """Whether an op with two inputs multiplies columns by rows: the first has the result's last
    dim and not the one before, the second only the latter. (Where the first has both, as the rows
    and columns of an image, the order makes no difference.)

    `inputs` are the dims that each is indexed by, `result` those of the result in order.
    """
    if len(result) < 2 or None in result[-2:]:
        return False
    row, column = result[-2:]
    first, second = inputs
    if column not in first or column in second or row in first or row not in second:
        return False
    return _product(operation) is not None


def swap_operands(operation: ir.Operation) -> None:
    """Swaps the operands of the product of an op that `columns_first` is true of, in place."""
    product = _product(operation)
    assert product is not None
    product.operands[0], product.operands[1] = product.operands[1], product.operands[0]


def _product(operation: ir.Operation) -> ir.Operation | None:
    """The multiplication of the first input by the second, casts of them included."""
    inputs = list(block(operation).arguments)[:2]
    for inner in body(operation):
        if inner.name in ("arith.mulf", "arith.muli"):
            if [_uncast(value) for value in inner.operands] == inputs:
                return inner
    return None


def _uncast(value: ir.Value) -> ir.Value:
    """What a value is a cast of, or itself."""
    while not isinstance(value.owner, ir.Block) and value.owner.operation.name in _CASTS:
        value = value.owner.operation.operands[0]
    return value
