# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Grouped convolutions with their channels moved last. IREE has no name for those.

before: linalg.conv_2d_ngchw_gfchw ins(x, w) outs(y)
after:  linalg.generic y[n, h, w, g, f] += x[n, h + kh, w + kw, g, c] * w[g, kh, kw, c, f]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iree.compiler import ir
from iree.compiler.dialects import linalg, tensor

from ..iree import tensors

GROUPED = "linalg.conv_2d_ngchw_gfchw"
IMAGE, FILTER = (0, 3, 4, 1, 2), (0, 3, 4, 2, 1)
"""Orders of the dims of the image and the result, and of the filters, with channels last."""
PARTS = [[0], [1], [2], [3, 4]]
"""The dims of an image with channels last, of which those of the channels are in two parts."""
PARTS_FIRST = [[0], [1, 2], [3], [4]]
"""The same with channels first."""
Turned = Callable[[ir.Value], ir.Value]
"""Gives an image of four dims with its channels last."""


def move_grouped(operation: ir.Operation, turned: Turned, initial: Turned, back: Turned) -> None:
    """Rewrites a grouped convolution, which is gone afterwards.

    `turned` and `initial` move the channels of what it reads and of what it begins with last,
    `back` puts those of its result first again.
    """
    image, filters, begin = operation.operands
    result = operation.results[0]
    shape = [ir.RankedTensorType(result.type).shape[dim] for dim in IMAGE]
    x = _parted(image, turned)
    values = [x, tensors.transpose(filters, FILTER), _begin(begin, shape, initial)]
    generic = ir.Operation.create(
        "linalg.generic",
        results=[values[-1].type],
        operands=values,
        attributes=_attributes(operation),
        regions=1,
    )
    operation.regions[0].blocks[0].append_to(generic.regions[0])
    *outer, groups, filters_each = shape
    kind = ir.RankedTensorType(result.type)
    whole = ir.RankedTensorType.get([*outer, groups * filters_each], kind.element_type)
    first = back(tensors.collapse(generic.results[0], PARTS, whole))
    for use in list(result.uses):
        # What joins the parts of the channels reads them joined.
        reader = use.owner.operation
        if reader.name == "tensor.collapse_shape" and reader.results[0].type == first.type:
            reader.results[0].replace_all_uses_with(first)
    result.replace_all_uses_with(tensors.expand(first, PARTS_FIRST, kind.shape))
    operation.erase()


def joined(value: ir.Value) -> ir.Value | None:
    """The image whose channels `value` has in two parts; None where it is no such thing."""
    if isinstance(value.owner, ir.Block) or value.owner.operation.name != "tensor.expand_shape":
        return None
    source: ir.Value = value.owner.operation.operands[0]
    kind, parts = ir.RankedTensorType(source.type), ir.RankedTensorType(value.type).shape
    if kind.rank != len(PARTS) or [kind.shape[0], *kind.shape[2:]] != [parts[0], *parts[3:]]:
        return None
    return source


def _parted(value: ir.Value, turned: Turned) -> ir.Value:
    """An image of five dims with its channels last."""
    source = joined(value)
    if source is None:
        return tensors.transpose(value, IMAGE)
    shape = [ir.RankedTensorType(value.type).shape[dim] for dim in IMAGE]
    return tensors.expand(turned(source), PARTS, shape)


def _begin(value: ir.Value, shape: Sequence[int], initial: Turned) -> ir.Value:
    """What a result begins with, of five dims with the channels last."""
    owner = value.owner
    if not isinstance(owner, ir.Block) and owner.operation.name == "linalg.fill":
        kind = ir.RankedTensorType(value.type).element_type
        filled: ir.Value = linalg.fill(
            owner.operation.operands[0], outs=[tensor.empty(list(shape), kind)]
        )
        return filled
    return _parted(value, initial)


def _attributes(operation: ir.Operation) -> dict[str, ir.Attribute]:
    """Maps and kinds of the loops n, h, w, g, f, kh, kw, c."""
    strides, dilations = (
        list(ir.DenseIntElementsAttr(operation.attributes[name]))
        for name in ("strides", "dilations")
    )
    n, h, w, g, f, kh, kw, c = (ir.AffineExpr.get_dim(place) for place in range(8))
    rows, columns = (
        place * stride + window * dilation
        for place, stride, window, dilation in zip(
            (h, w), strides, (kh, kw), dilations, strict=True
        )
    )
    reads = ([n, rows, columns, g, c], [g, kh, kw, c, f], [n, h, w, g, f])
    kinds = ["parallel"] * 5 + ["reduction"] * 3
    return {
        "indexing_maps": ir.ArrayAttr.get(
            [ir.AffineMapAttr.get(ir.AffineMap.get(8, 0, each)) for each in reads]
        ),
        "iterator_types": ir.ArrayAttr.get(
            [ir.Attribute.parse(f"#linalg.iterator_type<{kind}>") for kind in kinds]
        ),
        "operandSegmentSizes": ir.DenseI32ArrayAttr.get([2, 1]),
    }
