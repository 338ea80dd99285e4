# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ops that move the elements of tensors, made where the insertion point is.

Shapes are static, but for `expand` and `collapse`."""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir
from iree.compiler.dialects import arith, linalg, tensor

ANY = ir.ShapedType.get_dynamic_size()
"""An extent that is known when the program runs."""


def pad(value: ir.Value, low: Sequence[int], high: Sequence[int], filling: ir.Value) -> ir.Value:
    """A tensor with some elements before and after each dim, all of them `filling`."""
    kind = ir.RankedTensorType(value.type)
    shape = [sum(sizes) for sizes in zip(low, kind.shape, high, strict=True)]
    made = ir.Operation.create(
        "tensor.pad",
        results=[ir.RankedTensorType.get(shape, kind.element_type)],
        operands=[value],
        attributes={
            "static_low": ir.DenseI64ArrayAttr.get(list(low)),
            "static_high": ir.DenseI64ArrayAttr.get(list(high)),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 0, 0]),
        },
        regions=1,
    )
    block = made.regions[0].blocks.append(*[ir.IndexType.get()] * len(shape))
    ir.Operation.create("tensor.yield", operands=[filling], ip=ir.InsertionPoint(block))
    return made.results[0]


def every(value: ir.Value, sizes: Sequence[int], steps: Sequence[int]) -> ir.Value:
    """The first `sizes` elements of a tensor, of which each dim takes every one of `steps`."""
    return ir.Operation.create(
        "tensor.extract_slice",
        results=[_like(value, sizes)],
        operands=[value],
        attributes={
            "static_offsets": ir.DenseI64ArrayAttr.get([0] * len(sizes)),
            "static_sizes": ir.DenseI64ArrayAttr.get(list(sizes)),
            "static_strides": ir.DenseI64ArrayAttr.get(list(steps)),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 0, 0, 0]),
        },
    ).results[0]


def expand(value: ir.Value, groups: Sequence[Sequence[int]], shape: Sequence[int]) -> ir.Value:
    """A tensor each of whose dims becomes a group of dims. A dim of ANY extent is a group alone."""
    sizes = [
        tensor.DimOp(value, arith.ConstantOp(ir.IndexType.get(), place)).result
        for place, group in enumerate(groups)
        if [shape[i] for i in group] == [ANY]
    ]
    return ir.Operation.create(
        "tensor.expand_shape",
        results=[_like(value, shape)],
        operands=[value, *sizes],
        attributes={
            "reassociation": _reassociation(groups),
            "static_output_shape": ir.DenseI64ArrayAttr.get(list(shape)),
        },
    ).results[0]


def collapse(value: ir.Value, groups: Sequence[Sequence[int]], kind: ir.Type) -> ir.Value:
    """A tensor of some type, each of whose dims was a group of dims."""
    return ir.Operation.create(
        "tensor.collapse_shape",
        results=[kind],
        operands=[value],
        attributes={"reassociation": _reassociation(groups)},
    ).results[0]


def transpose(value: ir.Value, order: Sequence[int]) -> ir.Value:
    """A tensor with its dims in another order."""
    kind = ir.RankedTensorType(value.type)
    shape = [kind.shape[dim] for dim in order]
    operation = ir.Operation.create(
        "linalg.transpose",
        results=[_like(value, shape)],
        operands=[value, tensor.empty(shape, kind.element_type)],
        attributes={"permutation": ir.DenseI64ArrayAttr.get(list(order))},
        regions=1,
    )
    block = operation.regions[0].blocks.append(kind.element_type, kind.element_type)
    with ir.InsertionPoint(block):
        linalg.YieldOp([block.arguments[0]])
    return operation.results[0]


def _like(value: ir.Value, shape: Sequence[int]) -> ir.Type:
    """The type of a tensor of another shape."""
    return ir.RankedTensorType.get(list(shape), ir.RankedTensorType(value.type).element_type)


def _reassociation(groups: Sequence[Sequence[int]]) -> ir.ArrayAttr:
    number = ir.IntegerType.get_signless(64)
    return ir.ArrayAttr.get(
        [ir.ArrayAttr.get([ir.IntegerAttr.get(number, i) for i in group]) for group in groups]
    )
