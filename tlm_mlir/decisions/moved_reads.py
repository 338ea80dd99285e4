# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads of values that are transpositions, read as they lie.

before: linalg.generic ins(transposed x by (n, c, h, w))
after:  linalg.generic ins(x by (n, h, w, c))

before: linalg.generic { tensor.extract padded x[0, index 1, index 4, index 5] }
after:  linalg.generic ins(x by (0, d4, d5, d1))

A transposition that is left between a convolution and what sums its result up is moved into the
convolution (GlobalOptimization/PropagateLinalgTranspose.cpp), which then writes its columns far
apart and is not vectorized. The second form is how torch's adaptive poolings are lowered: IREE
gathers such elements one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iree.compiler import ir

from ..ir.reader import shape_of
from ..iree.module import walk

Lies = Callable[[ir.Value], ir.Value | None]
"""What a value is a transposition of; None for other values."""


def read_as_it_lies(operation: ir.Operation, lies: Lies, order: Sequence[int]) -> None:
    """Has a `linalg.generic` read what transpositions were made of, where it reads transpositions.

    `lies` tells what a value is a transposition of, whose dims are those of the value in `order`.
    An op that reads none stays as it is; others are gone afterwards.
    """
    maps = list(maps_of(operation))
    count = len(operation.operands) - len(operation.results)
    inputs = list(operation.operands)[:count]
    changed = False
    for place, value in enumerate(inputs):
        source = lies(value)
        if source is not None:
            inputs[place], changed = source, True
            maps[place] = _permuted(maps[place], order)
    added: list[tuple[ir.Operation, ir.Value, ir.AffineMap]] = []
    for inner in walk(operation):
        if inner.name == "tensor.extract":
            found = _at_loops(operation, inner)
            source = lies(found[0]) if found else None
            if found and source is not None:
                added.append((inner, source, _permuted(found[1], order)))
    if changed or added:
        _rebuild(operation, inputs, maps[:count], added, maps[count:])


def maps_of(operation: ir.Operation) -> list[ir.AffineMap]:
    """The maps of the operands of a `linalg.generic`."""
    return [ir.AffineMapAttr(a).value for a in ir.ArrayAttr(operation.attributes["indexing_maps"])]


def _permuted(found: ir.AffineMap, order: Sequence[int]) -> ir.AffineMap:
    results = list(found.results)
    return ir.AffineMap.get(found.n_dims, 0, [results[dim] for dim in order])


def _at_loops(generic: ir.Operation, extract: ir.Operation) -> tuple[ir.Value, ir.AffineMap] | None:
    """The tensor of which an element is read at loops and constants, and the map that says so.

    Padding that no loop reaches is left out. None for an element at other places.
    """
    tensor, *places = extract.operands
    extents = _extents(generic)
    reached, expressions = [], []
    for place in places:
        owner = place.owner
        if isinstance(owner, ir.Block):
            return None
        if owner.operation.name == "linalg.index":
            loop = ir.IntegerAttr(owner.operation.attributes["dim"]).value
            reached.append(extents.get(loop, 0))
            expressions.append(ir.AffineExpr.get_dim(loop, generic.context))
        elif owner.operation.name == "arith.constant":
            at = ir.IntegerAttr(owner.operation.attributes["value"]).value
            reached.append(at + 1)
            expressions.append(ir.AffineExpr.get_constant(at, generic.context))
        else:
            return None
    if not all(reached):
        return None
    unpadded = _unpadded(tensor, reached)
    shape = shape_of(unpadded)
    # What is read beyond a tensor is undefined; as an operand it would not verify.
    if any(far > size for far, size in zip(reached, shape, strict=True)):
        return None
    return unpadded, ir.AffineMap.get(len(extents), 0, expressions, generic.context)


def _extents(generic: ir.Operation) -> dict[int, int]:
    """The extents of loops that operands of static shapes tell."""
    found = {}
    for value, each in zip(generic.operands, maps_of(generic), strict=True):
        for size, expression in zip(shape_of(value), each.results, strict=True):
            if isinstance(expression, ir.AffineDimExpr) and size >= 0:
                found[expression.position] = size
    return found


def _unpadded(value: ir.Value, reached: Sequence[int]) -> ir.Value:
    """What is padded behind its end alone, if nothing beyond that end is read."""
    if isinstance(value.owner, ir.Block) or value.owner.operation.name != "tensor.pad":
        return value
    pad = value.owner.operation
    source: ir.Value = pad.operands[0]
    shape = shape_of(source)
    moved = any(low != 0 for low in ir.DenseI64ArrayAttr(pad.attributes["static_low"]))
    inside = all(far <= size for far, size in zip(reached, shape, strict=True))
    return source if inside and not moved else value


def _rebuild(
    operation: ir.Operation,
    inputs: Sequence[ir.Value],
    maps: Sequence[ir.AffineMap],
    added: Sequence[tuple[ir.Operation, ir.Value, ir.AffineMap]],
    results: Sequence[ir.AffineMap],
) -> None:
    """Puts an op with other inputs in the place of one, whose body it takes."""
    outs = list(operation.operands)[len(inputs) :]
    every = [*maps, *(each for _, _, each in added), *results]
    attributes = {name: operation.attributes[name] for name in operation.attributes}
    attributes["indexing_maps"] = ir.ArrayAttr.get([ir.AffineMapAttr.get(each) for each in every])
    attributes["operandSegmentSizes"] = ir.DenseI32ArrayAttr.get(
        [len(inputs) + len(added), len(outs)]
    )
    made = ir.Operation.create(
        operation.name,
        results=[result.type for result in operation.results],
        operands=[*inputs, *(source for _, source, _ in added), *outs],
        attributes=attributes,
        regions=1,
    )
    block = operation.regions[0].blocks[0]
    for extract, source, _ in added:
        kind = ir.RankedTensorType(source.type).element_type
        element = block.add_argument(kind, operation.location)
        extract.results[0].replace_all_uses_with(element)
        extract.erase()
    for _ in outs if added else ():
        # Arguments are added at the end, where those of the results belong.
        old = block.arguments[len(inputs)]
        old.replace_all_uses_with(block.add_argument(old.type, operation.location))
        block.erase_argument(len(inputs))
    block.append_to(made.regions[0])
    for old, new in zip(operation.results, made.results, strict=True):
        old.replace_all_uses_with(new)
    operation.erase()
