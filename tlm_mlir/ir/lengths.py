# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Dynamic extents: what IREE knows of them, and the lengths that stand for them.

A schedule of a dynamic workload is decided as that of its static twin at `ASSUMED` steps, and must
serve all of `LENGTHS`. What bounds a length are the `util.assume.int` that IREE's frontends and
passes leave on it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from iree.compiler import ir

from ..iree.ops import ASSUME_INT, BARRIER_START, ORDINAL, TENSOR_IMPORT, TENSOR_LOAD, TENSOR_TIE
from .workload import DYNAMIC, MOST, Bounds, Workload

LENGTHS = (1, 7, 64, 128, 1000)
"""Lengths that a schedule for any length is judged by: a step of a decoding, a tail, prompts."""
ASSUMED = 128
"""Steps that a dynamic dim is taken as where a question needs a number."""
SHAPED = frozenset([TENSOR_IMPORT, TENSOR_TIE, BARRIER_START, TENSOR_LOAD])
"""Ops whose operands behind the first are the dynamic sizes of their result, in order."""
CASTS = frozenset([ORDINAL, "arith.index_cast", "arith.index_castui"])


def assumed(workload: Workload) -> Workload:
    """The workload with an extent for every dim that has none; `dynamic` names these dims.

    A static workload stays as it is.
    """
    if DYNAMIC not in workload.extents:
        return workload
    known = {bounds.dim: bounds for bounds in workload.dynamic}
    dims = [dim for dim, extent in enumerate(workload.extents) if extent == DYNAMIC]
    found = replace(workload, dynamic=tuple(known.get(dim, Bounds(dim)) for dim in dims))
    return replace(found, extents=_extents(found, ASSUMED))


def at(workload: Workload, length: int) -> Workload:
    """An `assumed` workload whose dynamic dims are assumed to have some length, or the nearest that
    their bounds allow."""
    return replace(workload, extents=_extents(workload, length))


def lengths(workload: Workload) -> list[Workload]:
    """An `assumed` workload at all `LENGTHS` within its bounds; nothing for a static one."""
    if not workload.dynamic:
        return []
    return list(dict.fromkeys(at(workload, length) for length in LENGTHS))


def _extents(workload: Workload, length: int) -> tuple[int, ...]:
    extents = list(workload.extents)
    for bounds in workload.dynamic:
        extents[bounds.dim] = max(1, bounds.low, min(length, bounds.high))
    return tuple(extents)


def size_of(value: ir.Value, place: int) -> ir.Value | None:
    """The size of a dynamic dim of a tensor, as far as the ops that make it tell; else None."""
    while not isinstance(value.owner, ir.Block):
        operation = value.owner.operation
        number = sum(ir.RankedTensorType(value.type).is_dynamic_dim(i) for i in range(place))
        if operation.name == "tensor.empty":
            return operation.operands[number]
        if operation.name in SHAPED:
            return operation.operands[1 + number]
        if not operation.name.startswith("linalg.") or len(operation.results) != 1:
            return None
        value = operation.operands[len(operation.operands) - 1]
    return None


def bounds_of(value: ir.Value | None, dim: int) -> Bounds:
    """What IREE knows of a dim of some size."""
    while value is not None and not isinstance(value.owner, ir.Block):
        operation = value.owner.operation
        if operation.name == ASSUME_INT:
            place = list(operation.results).index(value)
            return _assumption(ir.ArrayAttr(operation.attributes["assumptions"])[place], dim)
        value = operation.operands[0] if operation.name in CASTS else None
    return Bounds(dim)


def _assumption(attribute: ir.Attribute, dim: int) -> Bounds:
    """Bounds that hold in every place that a dispatch is launched from."""
    low, high = [], []
    for each in ir.ArrayAttr(attribute):
        least, most = (re.search(rf"{name} = (\d+)", str(each)) for name in ("umin", "umax"))
        low.append(int(least[1]) if least else 0)
        high.append(int(most[1]) if most else MOST)
    return Bounds(dim, min(low, default=0), min(MOST, max(high, default=MOST)))
