# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions with their channels moved last (NHWC), each by itself.

before: linalg.conv_2d_nchw_fchw ins(x, w) outs(y)
after:  linalg.conv_2d_nhwc_hwcf ins(transposed x, transposed w) outs(transposed y), transposed back

What reads it by way of elementwise ops, padding and poolings follows, and what sums it up reads it
as it lies (`moved_reads.py`). Grouped convolutions have no name there (`grouped_last.py`). What
stays of the transpositions is at the ends of a chain, and at load for constant filters. IREE's pass
(Preprocessing/Common/ConvertConvToChannelsLast.cpp) takes whole functions. IREE's pass that moves
transpositions (GlobalOptimization/PropagateLinalgTranspose.cpp) ends the process now and then, in
`getSingleTransposedInputOperand`, so that there should be few of them left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import linalg, tensor

from ..iree import tensors
from ..iree.module import named, walk
from ..iree.ops import FUNCTION
from .grouped_last import GROUPED, move_grouped
from .moved_reads import maps_of, read_as_it_lies


@dataclass(frozen=True)
class Moved:
    """A convolution's name with channels last, and the orders of the dims of its operands there."""

    name: str
    image: tuple[int, ...]
    filter: tuple[int, ...]
    result: tuple[int, ...]


NAMES = {
    "linalg.conv_2d_nchw_fchw": Moved(
        "linalg.conv_2d_nhwc_hwcf", (0, 2, 3, 1), (2, 3, 1, 0), (0, 2, 3, 1)
    ),
    "linalg.depthwise_conv_2d_nchw_chw": Moved(
        "linalg.depthwise_conv_2d_nhwc_hwc", (0, 2, 3, 1), (1, 2, 0), (0, 2, 3, 1)
    ),
    "linalg.pooling_nchw_max": Moved(
        "linalg.pooling_nhwc_max", (0, 2, 3, 1), (0, 1), (0, 2, 3, 1)
    ),
    "linalg.pooling_nchw_sum": Moved(
        "linalg.pooling_nhwc_sum", (0, 2, 3, 1), (0, 1), (0, 2, 3, 1)
    ),
}


CONVOLUTION = "linalg.conv_2d_nchw_fchw"
"""Which layout is decided about; the other ops of NAMES follow it."""
LAST = "graph:channels-last"
"""The word for it."""
TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)
"""Orders of the dims: channels last from first, and back."""


def move_channels_last(module: ir.Operation, chosen: Sequence[ir.Operation]) -> None:
    """Moves the channels of some convolutions of a program last. They are gone afterwards.

    Poolings, depthwise convolutions and elementwise ops that read what these compute follow them,
    so that between two of them nothing is transposed.
    """
    wanted = set(chosen)
    with module.context as context, ir.Location.unknown(context):
        operations = [op for function in named(module, FUNCTION) for op in walk(function)]
        # Before anything changes: the hash of an op depends on its operands.
        found = [operation in wanted for operation in operations]
        for operation, asked in zip(operations, found, strict=True) if wanted else ():
            follows = operation.name in NAMES and operation.name != CONVOLUTION
            with operation.location, ir.InsertionPoint(operation):
                if asked and operation.name == GROUPED:
                    move_grouped(operation, _turned, _turned_initial, _back)
                elif asked or (follows and _moved(operation.operands[0])):
                    _move(operation)
                elif _follows(operation):
                    _move_elementwise(operation)
                elif operation.name == "linalg.generic":
                    read_as_it_lies(operation, _lies_last, TO_LAST)


def _moved(value: ir.Value) -> bool:
    """Whether a value was computed with channels last, and put back, or is padding of one."""
    while (pad := _padding(value)) is not None:
        value = pad.operands[0]
    return _before(value, TO_FIRST) is not None


def _lies_last(value: ir.Value) -> ir.Value | None:
    """A value that was computed with channels last, as it was; None for others."""
    return _transposed(value, TO_LAST) if _moved(value) else None


def _before(value: ir.Value, order: Sequence[int]) -> ir.Value | None:
    """What a value is a transposition of in some order; None for other values."""
    if isinstance(value.owner, ir.Block) or value.owner.operation.name != "linalg.transpose":
        return None
    transpose = value.owner.operation
    found = list(ir.DenseI64ArrayAttr(transpose.attributes["permutation"]))
    source: ir.Value = transpose.operands[0]
    return source if found == list(order) else None


def _turned(value: ir.Value) -> ir.Value:
    return _transposed(value, TO_LAST)


def _turned_initial(value: ir.Value) -> ir.Value:
    return _initial(value, TO_LAST)


def _back(value: ir.Value) -> ir.Value:
    return _transposed(value, TO_FIRST)


def _move(operation: ir.Operation) -> None:
    """Rewrites an op that NAMES has."""
    moved = NAMES[operation.name]
    image, filter_, result = operation.operands
    operands = [
        _transposed(image, moved.image),
        _transposed(filter_, moved.filter),
        _initial(result, moved.result),
    ]
    # Memoized maps are of the other layout.
    names = [name for name in operation.attributes if name != "linalg.memoized_indexing_maps"]
    attributes = {name: operation.attributes[name] for name in names}
    _replace(operation, moved.name, operands, attributes)


def _follows(operation: ir.Operation) -> bool:
    """Whether an op computes each element of an image from those at its place, one of which was
    computed with channels last."""
    if operation.name != "linalg.generic" or len(operation.results) != 1:
        return False
    if ir.RankedTensorType(operation.results[0].type).rank != len(TO_FIRST):
        return False
    kinds = ir.ArrayAttr(operation.attributes["iterator_types"])
    maps = maps_of(operation)
    whole = ir.AffineMap.get_identity(len(TO_FIRST), operation.context)
    if any("parallel" not in str(kind) for kind in kinds) or maps[-1] != whole:
        return False
    if "linalg.index" in (inner.name for inner in walk(operation)):
        return False
    pairs = zip(operation.operands, maps, strict=True)
    return any(found == whole and _moved(value) for value, found in pairs)


def _move_elementwise(operation: ir.Operation) -> None:
    """Rewrites an elementwise op over an image."""
    *_, whole = maps = maps_of(operation)
    # Loops are those of the new order; an operand of fewer dims is read as before.
    loops = ir.AffineMap.get_permutation(TO_FIRST, operation.context)
    operands, found = [], []
    for place, (value, each) in enumerate(zip(operation.operands, maps, strict=True)):
        if each == whole:
            last = place == len(maps) - 1
            operands.append(_initial(value, TO_LAST) if last else _transposed(value, TO_LAST))
            found.append(whole)
        else:
            operands.append(value)
            exprs = [expression.compose(loops) for expression in each.results]
            found.append(ir.AffineMap.get(len(TO_FIRST), 0, exprs))
    attributes = {name: operation.attributes[name] for name in operation.attributes}
    attributes["indexing_maps"] = ir.ArrayAttr.get([ir.AffineMapAttr.get(each) for each in found])
    _replace(operation, operation.name, operands, attributes)


def _replace(
    operation: ir.Operation, name: str, operands: Sequence[ir.Value], attributes: object
) -> None:
    """Puts an op with channels last in the place of one, whose body it takes, and puts its result
    back in order."""
    made = ir.Operation.create(
        name, results=[operands[-1].type], operands=operands, attributes=attributes, regions=1
    )
    operation.regions[0].blocks[0].append_to(made.regions[0])
    operation.results[0].replace_all_uses_with(_transposed(made.results[0], TO_FIRST))
    operation.erase()


def _initial(value: ir.Value, order: Sequence[int]) -> ir.Value:
    """What a result begins with, in another order of its dims."""
    owner = value.owner
    kind = ir.RankedTensorType(value.type)
    shape = [kind.shape[dim] for dim in order]
    if not isinstance(owner, ir.Block) and owner.operation.name == "tensor.empty":
        empty: ir.Value = tensor.empty(shape, kind.element_type)
        return empty
    if isinstance(owner, ir.Block) or owner.operation.name != "linalg.fill":
        return _transposed(value, order)
    filled: ir.Value = linalg.fill(
        owner.operation.operands[0], outs=[tensor.empty(shape, kind.element_type)]
    )
    return filled


def _transposed(value: ir.Value, order: Sequence[int]) -> ir.Value:
    """A value with its dims in another order. Of padding, what is padded is transposed."""
    if list(order) == sorted(order):
        return value
    if list(order) == list(TO_LAST) and (source := _before(value, TO_FIRST)) is not None:
        return source
    if (pad := _padding(value)) is not None:
        return _padded(pad, order)
    return tensors.transpose(value, order)


def _padding(value: ir.Value) -> ir.Operation | None:
    """The op that pads a value by a constant on static sides, None where it is no such thing."""
    if isinstance(value.owner, ir.Block):
        return None
    pad = value.owner.operation
    if pad.name != "tensor.pad" or len(pad.operands) > 1:
        return None
    owner = _filling(pad).owner
    # A constant may also stand in the padding's own region.
    return None if isinstance(owner, ir.Block) or owner.operation.parent.operation == pad else pad


def _filling(pad: ir.Operation) -> ir.Value:
    """What padding puts around a tensor."""
    *_, end = pad.regions[0].blocks[0].operations
    value: ir.Value = end.operation.operands[0]
    return value


def _padded(pad: ir.Operation, order: Sequence[int]) -> ir.Value:
    """The padding of a value, done on its transposition."""
    low, high = (
        [list(ir.DenseI64ArrayAttr(pad.attributes[name]))[dim] for dim in order]
        for name in ("static_low", "static_high")
    )
    return tensors.pad(_transposed(pad.operands[0], order), low, high, _filling(pad))
