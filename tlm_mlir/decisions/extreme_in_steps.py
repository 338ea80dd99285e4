# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An argmax, or argmin, as reductions with one result each, which IREE vectorizes.

before: linalg.generic ins(x) outs(value, place): the maximum so far, and where it was found
after:  nan   = min over k of (x is NaN ? k : n)          floats alone
        best  = max over k of (k < nan ? x : -inf)
        where = min over k of (k < nan and x == best ? k : n)
        place = best > value ? where : place, value = nan < n ? NaN : max(best, value)

The results are the same to the bit, but for the payload of a NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import arith, linalg, tensor

from ..ir.extreme import Extreme

OGT, OLT, OEQ, UNO = 2, 4, 1, 14
SGT, SLT, EQ = 4, 2, 0
Body = Callable[..., Sequence[ir.Value]]


def in_steps(operation: ir.Operation, found: Extreme) -> None:
    """Puts the steps in the place of an argmax (`found` of its workload)."""
    with operation.context, operation.location, ir.InsertionPoint(operation):
        results = _Steps(operation, found).results()
    for old, new in zip(operation.results, results, strict=True):
        old.replace_all_uses_with(new)
    operation.erase()


@dataclass(frozen=True)
class _Steps:
    """Makes the steps where the insertion point is."""

    operation: ir.Operation
    found: Extreme

    @property
    def _element(self) -> ir.Type:
        return ir.RankedTensorType(self.operation.operands[0].type).element_type

    @property
    def _floats(self) -> bool:
        return isinstance(self._element, ir.FloatType)

    def results(self) -> list[ir.Value]:
        """The value and the place."""
        x, value, place = self.operation.operands
        number = ir.IntegerType.get_signless(32)
        affine = ir.AffineMapAttr(ir.ArrayAttr(self.operation.attributes["indexing_maps"])[0]).value
        along = list(affine.results).index(ir.AffineDimExpr.get(self.found.loop))
        n = arith.constant(number, ir.RankedTensorType(x.type).shape[along])
        lowest = arith.constant(self._element, self._lowest())
        nan: list[ir.Value] = []
        if self._floats:
            nan = [self._reduced([x], n, lambda v, m: self._first(_cmpf(UNO, v, v), n, m))]

        def best(v: ir.Value, *rest: ir.Value) -> ir.Value:
            *before, m = rest
            v = arith.select(self._is_before(before[0]), v, lowest) if before else v
            return self._combined(v, m)

        def place_of(v: ir.Value, *rest: ir.Value) -> ir.Value:
            *before, b, m = rest
            equal = _cmpf(OEQ, v, b) if self._floats else _cmpi(EQ, v, b)
            same = arith.andi(self._is_before(before[0]), equal) if before else equal
            return self._first(same, n, m)

        largest = self._reduced([x, *nan], lowest, best)
        where = self._reduced([x, *nan, largest], n, place_of)
        return self._put_together([*nan, largest, where, value, place], n)

    def _put_together(self, inputs: Sequence[ir.Value], n: ir.Value) -> list[ir.Value]:
        """The results, of what was found and what they begin with."""
        *_, value, place = inputs
        kind = ir.RankedTensorType(place.type).element_type

        def body(*values: ir.Value) -> list[ir.Value]:
            *nan, b, w, first, start, _, _ = values
            better = self._better(b, first)
            here = arith.index_cast(kind, w) if isinstance(kind, ir.IndexType) else w
            if isinstance(kind, ir.IntegerType) and kind.width != 32:
                here = arith.extsi(kind, w) if kind.width > 32 else arith.trunci(kind, w)
            found = self._combined(b, first)
            if nan:
                none = arith.constant(self._element, math.nan)
                found = arith.select(_cmpi(SLT, nan[0], n), none, found)
            return [found, arith.select(better, here, start)]

        shapes = [ir.RankedTensorType(each.type) for each in (value, place)]
        empty = [tensor.empty(list(shape.shape), shape.element_type) for shape in shapes]
        rank = len(shapes[0].shape)
        whole = ir.AffineMapAttr.get(ir.AffineMap.get_identity(rank))
        maps = [whole] * (len(inputs) + 2)
        parallel = [ir.Attribute.parse("#linalg.iterator_type<parallel>")] * rank
        return _generic(inputs, empty, maps, ir.ArrayAttr.get(parallel), body)

    def _reduced(
        self, inputs: Sequence[ir.Value], start: ir.Value, body: Callable[..., ir.Value]
    ) -> ir.Value:
        """A reduction along the op's own loops, from a number on."""
        shape = list(ir.RankedTensorType(self.operation.results[0].type).shape)
        filled = linalg.fill(start, outs=[tensor.empty(shape, start.type)])
        given, out, _ = ir.ArrayAttr(self.operation.attributes["indexing_maps"])
        maps = [given] + [out] * len(inputs)
        kinds = self.operation.attributes["iterator_types"]
        (found,) = _generic(inputs, [filled], maps, kinds, lambda *values: [body(*values)])
        return found

    def _place(self) -> ir.Value:
        """The number of the step."""
        loop = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), self.found.loop)
        index = ir.Operation.create(
            "linalg.index", results=[ir.IndexType.get()], attributes={"dim": loop}
        ).results[0]
        return arith.index_cast(ir.IntegerType.get_signless(32), index)

    def _first(self, condition: ir.Value, n: ir.Value, so_far: ir.Value) -> ir.Value:
        """The first step for which something holds, `n` for none."""
        return arith.minsi(arith.select(condition, self._place(), n), so_far)

    def _is_before(self, step: ir.Value) -> ir.Value:
        return _cmpi(SLT, self._place(), step)

    def _combined(self, left: ir.Value, right: ir.Value) -> ir.Value:
        largest = self.found.largest
        if self._floats:
            return (arith.maximumf if largest else arith.minimumf)(left, right)
        return (arith.maxsi if largest else arith.minsi)(left, right)

    def _better(self, left: ir.Value, right: ir.Value) -> ir.Value:
        largest = self.found.largest
        if self._floats:
            return _cmpf(OGT if largest else OLT, left, right)
        return _cmpi(SGT if largest else SLT, left, right)

    def _lowest(self) -> float | int:
        """What nothing is less than, or greater where the least is looked for."""
        if self._floats:
            return -math.inf if self.found.largest else math.inf
        bound = 1 << (ir.IntegerType(self._element).width - 1)
        return -bound if self.found.largest else bound - 1


def _generic(
    inputs: Sequence[ir.Value],
    outs: Sequence[ir.Value],
    maps: Sequence[ir.Attribute],
    iterators: ir.Attribute,
    body: Body,
) -> list[ir.Value]:
    operands = [*inputs, *outs]
    made = ir.Operation.create(
        "linalg.generic",
        results=[value.type for value in outs],
        operands=operands,
        attributes={
            "indexing_maps": ir.ArrayAttr.get(list(maps)),
            "iterator_types": iterators,
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([len(inputs), len(outs)]),
        },
        regions=1,
    )
    kinds = [ir.RankedTensorType(value.type).element_type for value in operands]
    block = made.regions[0].blocks.append(*kinds)
    with ir.InsertionPoint(block):
        linalg.YieldOp(list(body(*block.arguments)))
    return list(made.results)


def _cmpf(predicate: int, left: ir.Value, right: ir.Value) -> ir.Value:
    return arith.cmpf(predicate, left, right)


def _cmpi(predicate: int, left: ir.Value, right: ir.Value) -> ir.Value:
    return arith.cmpi(predicate, left, right)
