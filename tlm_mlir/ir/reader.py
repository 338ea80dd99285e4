# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading one dispatch function into a `Workload`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from iree.compiler import ir
from iree.compiler.dialects import linalg

from ..iree.module import body
from ..iree.ops import ATTENTION, ENCODING, LINALG_EXT, ONLINE_ATTENTION
from .body import body_lines
from .lengths import bounds_of, size_of
from .operand_order import columns_first
from .workload import DYNAMIC, Bounds, Index, IteratorKind, Op, Operand, Workload

MAX_DIMS = 32
"""Most dims of a workload: the language has so many names for them."""
UNSCHEDULED = ("linalg.pack", "linalg.unpack", "linalg.mmt4d", "linalg.batch_mmt4d", "tensor.pad")
"""Ops with lowerings of their own; a dispatch that holds one is left to IREE."""
ATTENTIONS = (ATTENTION, ONLINE_ATTENTION)
"""Attention in a program, and in a dispatch."""


@dataclass(frozen=True)
class Reading:
    """What was found in a dispatch: the workload and its IR ops (same order), or why there is none.

    The ops are gone once IREE has compiled their module further; `names` are theirs and stay.
    """

    workload: Workload | None
    ops: tuple[ir.Operation, ...] = ()
    reason: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Raw:
    """A structured op before its loops are tied to shared dims."""

    operation: ir.Operation
    iterators: tuple[IteratorKind, ...]
    extents: tuple[int, ...]
    values: tuple[ir.Value, ...]
    maps: tuple[ir.AffineMap, ...]
    inputs: int


def read_function(func: ir.Operation) -> Reading:
    """The workload of one dispatch's `func.func`, normalized (`dispatch.normalize`)."""
    if len(func.regions[0].blocks) != 1:
        return Reading(None, reason="has control flow")
    structured = []
    for operation in body(func):
        name = operation.name
        if name in UNSCHEDULED or (name.startswith(LINALG_EXT) and name != ONLINE_ATTENTION):
            return Reading(None, reason=f"holds {name}")
        if name.startswith(ENCODING) or "encoding" in _types(operation):
            return Reading(None, reason="is data-tiled")
        if name == ONLINE_ATTENTION or (name.startswith("linalg.") and name != "linalg.fill"):
            structured.append(operation)
    if not structured:
        return Reading(None, reason="holds no structured op")
    raws = [_raw(operation) for operation in structured]
    for raw in raws:
        if isinstance(raw, str):
            return Reading(None, reason=raw)
    return _assemble([raw for raw in raws if isinstance(raw, _Raw)])


def read_op(operation: ir.Operation) -> Workload | None:
    """The workload of one structured op by itself, None where it cannot be described."""
    raw = _raw(operation)
    return _assemble([raw]).workload if isinstance(raw, _Raw) else None


def inputs_of(operation: ir.Operation) -> tuple[ir.Value, ...]:
    """The values that a structured op reads, in the order of the inputs of its `read_op`."""
    raw = _raw(operation)
    if not isinstance(raw, _Raw):
        return ()
    operands = _operands(raw, tuple(range(len(raw.iterators))), {})[: raw.inputs]
    return tuple(raw.values[place] for place in _canonical(operation, operands))


def _types(operation: ir.Operation) -> str:
    return " ".join(str(result.type) for result in operation.results)


def _raw(operation: ir.Operation) -> _Raw | str:
    """The op's loops, or the reason why it cannot be described."""
    maps = _maps(operation)
    values = tuple(operation.operands)
    if maps is None or len(maps) > len(values):
        return f"holds {operation.name}, which has no indexing maps"
    values = values[: len(maps)]
    loops = maps[0].n_dims
    if loops == 0:
        return f"holds {operation.name} without loops"
    outputs = _output_count(operation)
    extents = _extents(values, maps, loops)
    if extents is None:
        return f"holds {operation.name} with a loop that no operand spans"
    iterators = _iterators(operation, maps[-outputs:], loops)
    return _Raw(operation, iterators, extents, values, maps, len(maps) - outputs)


def _maps(operation: ir.Operation) -> tuple[ir.AffineMap, ...] | None:
    if operation.name in ATTENTIONS:
        array = ir.ArrayAttr(operation.attributes["indexing_maps"])
    else:
        found: Any = linalg.get_indexing_maps(operation)
        if found is None:
            return None
        array = ir.ArrayAttr(found)
    return tuple(ir.AffineMapAttr(attribute).value for attribute in array)


def _output_count(operation: ir.Operation) -> int:
    """Destination operands: one a result, and on memrefs (no results) the last operand."""
    return max(1, len(operation.results))


def _extents(
    values: tuple[ir.Value, ...], maps: tuple[ir.AffineMap, ...], loops: int
) -> tuple[int, ...] | None:
    extents: list[int | None] = [None] * loops
    for value, affine in zip(values, maps, strict=True):
        shape = shape_of(value)
        for position, expression in enumerate(affine.results):
            if isinstance(expression, ir.AffineDimExpr):
                dim = ir.AffineDimExpr(expression).position
                if extents[dim] is None:
                    extents[dim] = shape[position]
    if any(extent is None for extent in extents):
        return None
    return tuple(extent for extent in extents if extent is not None)


def shape_of(value: ir.Value) -> tuple[int, ...]:
    """Static shape of a tensor or memref value, `DYNAMIC` where unknown, () for a scalar."""
    try:
        shaped = ir.ShapedType(value.type)
    except ValueError:
        return ()
    return tuple(
        DYNAMIC if shaped.is_dynamic_dim(i) else shaped.get_dim_size(i) for i in range(shaped.rank)
    )


def dtype_of(value: ir.Value) -> str:
    """Element type of a value as MLIR prints it, for instance `f32`."""
    try:
        return str(ir.ShapedType(value.type).element_type)
    except ValueError:
        return str(value.type)


def _iterators(
    operation: ir.Operation, output_maps: tuple[ir.AffineMap, ...], loops: int
) -> tuple[IteratorKind, ...]:
    if operation.name == "linalg.generic":
        kinds = [str(kind) for kind in ir.ArrayAttr(operation.attributes["iterator_types"])]
        return tuple("parallel" if "parallel" in kind else "reduction" for kind in kinds)
    # Named ops and attention carry no iterator types: a loop is parallel when the result spans it.
    spanned = {dim for expression in output_maps[0].results for dim, _ in linear(expression).terms}
    return tuple("parallel" if dim in spanned else "reduction" for dim in range(loops))


def linear(expression: ir.AffineExpr) -> Index:
    """The expression as a linear form over loops, `opaque` where it is not one."""
    terms: dict[int, int] = {}
    offset = 0
    opaque = False

    def walk(node: ir.AffineExpr, factor: int) -> None:
        nonlocal offset, opaque
        if isinstance(node, ir.AffineDimExpr):
            dim = ir.AffineDimExpr(node).position
            terms[dim] = terms.get(dim, 0) + factor
        elif isinstance(node, ir.AffineConstantExpr):
            offset += factor * ir.AffineConstantExpr(node).value
        elif isinstance(node, ir.AffineAddExpr):
            add = ir.AffineAddExpr(node)
            walk(add.lhs, factor)
            walk(add.rhs, factor)
        elif isinstance(node, ir.AffineMulExpr):
            mul = ir.AffineMulExpr(node)
            if isinstance(mul.rhs, ir.AffineConstantExpr):
                walk(mul.lhs, factor * ir.AffineConstantExpr(mul.rhs).value)
            else:
                opaque = True
        else:
            opaque = True

    walk(expression, 1)
    return Index(tuple(sorted(terms.items())), offset, opaque)


def _assemble(raws: list[_Raw]) -> Reading:
    root = _root(raws)
    dims = _shared_dims(raws, root)
    if len(set(dims.values())) > MAX_DIMS:
        return Reading(None, reason=f"has more than {MAX_DIMS} loops")
    producer = {result: i for i, raw in enumerate(raws) for result in raw.operation.results}
    extents: dict[int, int] = {}
    ops = []
    for position, raw in enumerate(raws):
        loops = tuple(dims[position, loop] for loop in range(len(raw.iterators)))
        for dim, extent in zip(loops, raw.extents, strict=True):
            extents.setdefault(dim, extent)
        ops.append(_op(raw, loops, producer))
    workload = Workload(
        tuple(extents[dim] for dim in range(len(extents))),
        tuple(ops),
        root,
        buffers=not raws[root].operation.results,
        dynamic=_bounds(raws, dims, extents),
    )
    found = tuple(raw.operation for raw in raws)
    return Reading(workload, found, names=tuple(operation.name for operation in found))


def _bounds(
    raws: list[_Raw], dims: dict[tuple[int, int], int], extents: dict[int, int]
) -> tuple[Bounds, ...]:
    """What IREE knows of the dims of unknown extents, as far as it knows anything."""
    found: dict[int, Bounds] = {}
    for position, raw in enumerate(raws):
        for value, affine in zip(raw.values, raw.maps, strict=True):
            for place, expression in enumerate(affine.results):
                loop = linear(expression).dim
                dim = -1 if loop is None else dims[position, loop]
                if extents.get(dim) == DYNAMIC and DYNAMIC == shape_of(value)[place]:
                    bounds = bounds_of(size_of(value, place), dim)
                    if bounds.tell:
                        found.setdefault(dim, bounds)
    return tuple(found[dim] for dim in sorted(found))


def _root(raws: list[_Raw]) -> int:
    for position in reversed(range(len(raws))):
        raw = raws[position]
        if "reduction" in raw.iterators or raw.operation.name in ATTENTIONS:
            return position
    return len(raws) - 1


def _shared_dims(raws: list[_Raw], root: int) -> dict[tuple[int, int], int]:
    """Numbers (op, loop) pairs so that loops which run over the same data share a dim.

    Loops are tied where two ops index the same value position by one plain loop each. Dims are
    numbered from the root op's loops on, so a root's loop i is dim i unless two of its loops tie.
    """
    parent: dict[tuple[int, int], tuple[int, int]] = {}

    def find(node: tuple[int, int]) -> tuple[int, int]:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    seen: dict[tuple[ir.Value, int], tuple[int, int]] = {}
    for position, raw in enumerate(raws):
        inputs = list(zip(raw.values, raw.maps, strict=True))
        results = list(zip(raw.operation.results, raw.maps[raw.inputs :], strict=False))
        for value, affine in inputs[: raw.inputs] + results:
            for place, expression in enumerate(affine.results):
                dim = linear(expression).dim
                if dim is None:
                    continue
                node = (position, dim)
                other = seen.setdefault((value, place), node)
                # Two loops of one op stay apart: a config gives each loop a size of its own.
                if find(other) != find(node) and not _same_op(parent, find, other, node):
                    parent[find(node)] = find(other)
    order = [root] + [i for i in range(len(raws)) if i != root]
    numbers: dict[tuple[int, int], int] = {}
    dims = {}
    for position in order:
        for loop in range(len(raws[position].iterators)):
            leader = find((position, loop))
            dims[position, loop] = numbers.setdefault(leader, len(numbers))
    return dims


def _same_op(parent: dict, find: Any, left: tuple[int, int], right: tuple[int, int]) -> bool:
    """Whether tying the two classes would tie two loops of one op."""
    classes: dict[tuple[int, int], set[int]] = {}
    for node in list(parent):
        classes.setdefault(find(node), set()).add(node[0])
    return bool(classes.get(find(left), set()) & classes.get(find(right), set()))


def _op(raw: _Raw, loops: tuple[int, ...], producer: dict[ir.Value, int]) -> Op:
    operands = _operands(raw, loops, producer)
    inputs, outputs = operands[: raw.inputs], operands[raw.inputs :]
    order = _canonical(raw.operation, inputs)
    lines = body_lines(raw.operation, order)
    kind = "attention" if raw.operation.name in ATTENTIONS else "generic"
    found = Op(kind, loops, raw.iterators, tuple(inputs[i] for i in order), tuple(outputs), lines)
    return replace(found, columns_first=_columns_first(raw.operation, found, inputs))


def _operands(
    raw: _Raw, loops: tuple[int, ...], producer: dict[ir.Value, int]
) -> list[Operand]:
    """The operands of an op in the IR's order, indexed by the loops' dims."""
    found = []
    for value, affine in zip(raw.values, raw.maps, strict=True):
        indices = []
        for expression in affine.results:
            index = linear(expression)
            terms = tuple(sorted((loops[dim], factor) for dim, factor in index.terms))
            indices.append(Index(terms, index.offset, index.opaque))
        found.append(Operand(dtype_of(value), tuple(indices), producer.get(value, -1)))
    return found


def _canonical(operation: ir.Operation, inputs: Sequence[Operand]) -> list[int]:
    """Places of the inputs in canonical order, so that `a * b` and `b * a` read alike.

    Attention's inputs are positional.
    """
    order = list(range(len(inputs)))
    if operation.name not in ATTENTIONS:
        order.sort(key=lambda i: (inputs[i].source, repr(inputs[i])))
    return order


def _columns_first(operation: ir.Operation, op: Op, inputs: Sequence[Operand]) -> bool:
    """Whether a contraction multiplies the factor with the columns by the other; `inputs` are in
    the IR's order."""
    if op.kind != "generic" or len(inputs) != 2 or not op.dims("reduction"):
        return False
    dims = [frozenset(index.dim for index in each.indices) for each in inputs]
    return columns_first(operation, dims, [index.dim for index in op.outputs[0].indices])
