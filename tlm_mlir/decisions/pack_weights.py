# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights packed alone: a contraction or convolution whose weights lie in panels of columns.

before: result[rows, n] += x[rows, window, k] * w[window, k, n]        (in any order of operands)
after:  result[rows, n / b, n % b] += x[rows, window, k] * packed[n / b, window, k, n % b]

The inner kernel then reads a panel of `b` columns in order, and one element of `x` at a time. `x`
and the result stay as they are but for free reshapes, so what comes before and after still fuses.
Convolutions stay convolutions: nothing is gathered (im2col).

Two forms keep IREE 3.13 from code that is not vectorized. A stride becomes a free reshape of `x`,
read at `floordiv` and `mod`; a window without stride is read at `y mod (size + 1)`, which is `y`,
since IREE gives what it takes for a convolution a batch dim that its vectorizer does not see
through (pass iree-codegen-insert-batch-dim-for-batchless-conv). Where `x` has a batch, IREE inserts
none, and it ends the process over such indices (`inferConvolutionDims` in LinalgInterfaces.cpp,
called by Flow's AnnotateDispatches.cpp): windows are read as they are there, and not strided.

IREE tiles no loop under such indices but one alone: where a window is strided, its dilation is 1 or
a multiple of the stride, so that `floordiv` is of the loop itself or goes away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import tensor

from ..ir.analysis import sums_products
from ..ir.lengths import lengths
from ..ir.reader import inputs_of
from ..ir.workload import Index, Operand, Workload
from ..iree import tensors
from ..iree.tensors import ANY

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Access:
    """One index of `x`: `stride * dim + dilation * window`, `window` -1 for none."""

    dim: int
    stride: int = 1
    window: int = -1
    dilation: int = 1


@dataclass(frozen=True)
class Form:
    """A linalg op whose weights can be packed.

    `weight` and `x` are places of operands. Loops: `columns` is the result's innermost dim, which
    the weight has and `x` has not; `outer` are the weight's other parallel loops (batch, groups),
    `summed` its reduction loops, those of a window first. `rows` are the result's other loops in
    order, `extents` the trip counts, `weight_loops` the weight's loops as it lies in memory. Rows
    in `dynamic` may be any number: their extents are assumed, and `lengths` are extents to serve.
    """

    weight: int
    x: int
    columns: int
    outer: tuple[int, ...]
    summed: tuple[int, ...]
    rows: tuple[int, ...]
    extents: tuple[int, ...]
    weight_loops: tuple[int, ...]
    accesses: tuple[Access, ...]
    dynamic: frozenset[int] = frozenset()
    lengths: tuple[Shape, ...] = ()

    @property
    def batched(self) -> bool:
        """Whether `x` slides a window and has other dims of the result besides."""
        plain = [
            read
            for read in self.accesses
            if read.window < 0 and read.dim in self.rows and read.dim not in self.outer
        ]
        slides = any(read.window >= 0 for read in self.accesses)
        return slides and any(
            self.extents[read.dim] > 1 or read.dim in self.dynamic for read in plain
        )


def find_form(workload: Workload, weight: int) -> Form | None:
    """The form of an op by itself (`ir.reader.read_op`) whose input `weight` is to be packed; None
    where it cannot be.

    The op must multiply two inputs and sum up, and its result must end in a dim that the weight
    alone has. Rows that no window slides over may be of any number, all else must be static.
    """
    root = workload.root_op
    if len(root.inputs) != 2 or len(root.outputs) != 1 or not workload.static:
        return None
    if not sums_products(root):
        return None
    loop = {dim: place for place, dim in enumerate(root.loops)}
    weight_loops = _plain(root.inputs[weight], loop)
    result = _plain(root.outputs[0], loop)
    if not weight_loops or not result or len(set(weight_loops)) < len(weight_loops):
        return None
    accesses = [_access(index, loop, result) for index in root.inputs[1 - weight].indices]
    reads = tuple(access for access in accesses if access is not None)
    of_x = {access.dim for access in reads} | {access.window for access in reads} - {-1}
    columns = result[-1]
    if None in accesses or columns not in weight_loops or columns in of_x:
        return None
    summed = [dim for dim in weight_loops if dim not in result]
    channels = [dim for dim in summed if any(read.dim == dim for read in reads)]
    if not channels or set(summed) - of_x or {*of_x, *weight_loops} != set(loop.values()):
        return None
    form = Form(
        weight=weight,
        x=1 - weight,
        columns=columns,
        outer=tuple(dim for dim in weight_loops if dim in result and dim != columns),
        summed=(*(dim for dim in summed if dim not in channels), *channels),
        rows=result[:-1],
        extents=workload.op_extents(root),
        weight_loops=weight_loops,
        accesses=reads,
        dynamic=frozenset(loop[dim] for dim in workload.any_length & set(loop)),
        lengths=tuple(some.op_extents(root) for some in lengths(workload)),
    )
    if form.dynamic and not _ragged(form):
        return None
    strided = [read for read in reads if read.window >= 0 and read.stride > 1]
    if form.batched and strided:
        return None
    return None if any(_untiled(read, form.extents) for read in strided) else form


def _ragged(form: Form) -> bool:
    """Whether an op stays what it is whatever the number of its dynamic rows."""
    plain = {read.dim for read in form.accesses if read.window < 0}
    strided = any(read.stride > 1 for read in form.accesses)
    return form.dynamic <= set(form.rows) & plain - set(form.weight_loops) and not strided


def _untiled(access: Access, extents: Shape) -> bool:
    """Whether IREE could not tile a strided window: `floordiv` would be of a multiple of its loop.
    """
    multiple = access.dilation > 1 and access.dilation % access.stride != 0
    return multiple and extents[access.window] > 1


def _plain(operand: Operand, loop: Mapping[int, int]) -> tuple[int, ...]:
    """Loops that an operand is indexed by, in its order; none where an index is no dim alone."""
    dims = [index.dim for index in operand.indices]
    return () if None in dims else tuple(loop[dim] for dim in dims if dim is not None)


def _access(index: Index, loop: Mapping[int, int], result: Sequence[int]) -> Access | None:
    """How `x` is read along one index; None where it is neither a dim nor a window over one."""
    terms = [(loop[dim], factor) for dim, factor in index.terms]
    if index.offset or index.opaque:
        return None
    if len(terms) == 1 and (terms[0][1] == 1 or (terms[0][0] in result and terms[0][1] > 0)):
        return Access(*terms[0])
    if len(terms) == 2 and all(factor > 0 for _, factor in terms):
        places = [term for term in terms if term[0] in result]
        windows = [term for term in terms if term[0] not in result]
        if len(places) == len(windows) == 1:
            return Access(*places[0], *windows[0])
    return None


def pack_weights(operation: ir.Operation, form: Form, block: int) -> None:
    """Rewrites an op so that its weights are packed in panels of `block` columns.

    `block` must divide the columns. The op is gone afterwards.
    """
    with operation.context, operation.location, ir.InsertionPoint(operation):
        result = _rewritten(operation, form, block)
    operation.results[0].replace_all_uses_with(result)
    operation.erase()


def _rewritten(operation: ir.Operation, form: Form, block: int) -> ir.Value:
    panels = form.extents[form.columns] // block
    # A workload may have the operands of a product in another order than the op.
    inputs = inputs_of(operation)
    weight_at = list(operation.operands)[:2].index(inputs[form.weight])
    x_at = 1 - weight_at
    x, x_indices = _read(operation.operands[x_at], form)
    weight = _packed(operation.operands[weight_at], form, block)
    rows = [ANY if dim in form.dynamic else form.extents[dim] for dim in form.rows]
    groups = [[place] for place in range(len(rows))] + [[len(rows), len(rows) + 1]]
    init = tensors.expand(operation.operands[2], groups, (*rows, panels, block))
    # Loops: rows, panel, column in it, window, channels.
    loops = {dim: place for place, dim in enumerate(form.rows)}
    panel, column = len(rows), len(rows) + 1
    loops |= {dim: column + 1 + place for place, dim in enumerate(form.summed)}
    count = len(loops) + 2
    at = [ir.AffineExpr.get_dim(place) for place in range(count)]
    weight_indices = [
        *(at[loops[dim]] for dim in form.outer),
        *(at[panel], *(at[loops[dim]] for dim in form.summed), at[column]),
    ]
    indices = {
        x_at: [e for access in x_indices for e in _expression(access, at, loops, form)],
        weight_at: weight_indices,
        2: at[: column + 1],
    }
    values = {x_at: x, weight_at: weight, 2: init}
    kinds = ["parallel"] * (column + 1) + ["reduction"] * len(form.summed)
    generic = ir.Operation.create(
        "linalg.generic",
        results=[init.type],
        operands=[values[place] for place in range(3)],
        attributes={
            "indexing_maps": ir.ArrayAttr.get(
                [ir.AffineMapAttr.get(ir.AffineMap.get(count, 0, indices[p])) for p in range(3)]
            ),
            "iterator_types": ir.ArrayAttr.get(
                [ir.Attribute.parse(f"#linalg.iterator_type<{kind}>") for kind in kinds]
            ),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([2, 1]),
        },
        regions=1,
    )
    operation.regions[0].blocks[0].append_to(generic.regions[0])
    return tensors.collapse(generic.results[0], groups, operation.results[0].type)


def _packed(weight: ir.Value, form: Form, block: int) -> ir.Value:
    """The weight as panels: outer loops, panels, window, channels, columns of a panel."""
    order = [form.weight_loops.index(dim) for dim in (*form.outer, form.columns, *form.summed)]
    shape = [form.extents[dim] for dim in (*form.outer, form.columns, *form.summed)]
    shape[len(form.outer)] //= block
    kind = ir.RankedTensorType(weight.type).element_type
    # `linalg.pack` alone: IREE undoes an expansion and a transposition when it moves transposes.
    return ir.Operation.create(
        "linalg.pack",
        results=[ir.RankedTensorType.get([*shape, block], kind)],
        operands=[weight, tensor.empty([*shape, block], kind)],
        attributes={
            "outer_dims_perm": ir.DenseI64ArrayAttr.get(order),
            "inner_dims_pos": ir.DenseI64ArrayAttr.get([form.weight_loops.index(form.columns)]),
            "static_inner_tiles": ir.DenseI64ArrayAttr.get([block]),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 1, 0, 0]),
        },
    ).results[0]


def _read(x: ir.Value, form: Form) -> tuple[ir.Value, list[Access]]:
    """`x` as it is read, and how: strided dims are cut out, those of a window reshaped."""
    kind = ir.RankedTensorType(x.type).element_type
    shape = list(ir.RankedTensorType(x.type).shape)
    sizes, steps, accesses = list(shape), [1] * len(shape), []
    for place, access in enumerate(form.accesses):
        if access.window < 0 and access.stride > 1:
            sizes[place], steps[place] = form.extents[access.dim], access.stride
            access = Access(access.dim)
        elif access.stride > 1:
            sizes[place] = _rows_read(access, form.extents) * access.stride
        accesses.append(access)
    high = [max(0, size - had) for size, had in zip(sizes, shape, strict=True)]
    if any(high):
        # Zeros that no window reads, but a reshape needs.
        x = tensors.pad(x, [0] * len(high), high, _zero(kind))
        shape = [size + more for size, more in zip(shape, high, strict=True)]
    if sizes != shape:
        x = tensors.every(x, sizes, steps)
    groups: list[list[int]] = []
    expanded: list[int] = []
    for size, access in zip(sizes, accesses, strict=True):
        parts = [size]
        if access.window >= 0 and access.stride > 1:
            parts = [size // access.stride, access.stride]
        groups.append(list(range(len(expanded), len(expanded) + len(parts))))
        expanded += parts
    if len(expanded) > len(sizes):
        x = tensors.expand(x, groups, expanded)
    return x, accesses


def _rows_read(access: Access, extents: Shape) -> int:
    """Places along a strided dim, in strides, that the windows reach over."""
    return extents[access.dim] + (extents[access.window] - 1) * access.dilation // access.stride


def _expression(
    access: Access, at: Sequence[ir.AffineExpr], loops: dict[int, int], form: Form
) -> list[ir.AffineExpr]:
    place = at[loops[access.dim]]
    if access.window < 0:
        return [place]
    constant = ir.AffineExpr.get_constant
    window = at[loops[access.window]]
    if access.stride == 1:
        if not form.batched:
            window = ir.AffineExpr.get_mod(window, constant(form.extents[access.window] + 1))
        return [place + window * access.dilation if access.dilation > 1 else place + window]
    window = window * access.dilation if access.dilation > 1 else window
    stride = constant(access.stride)
    over = ir.AffineExpr.get_floor_div(window, stride)
    return [place + over, ir.AffineExpr.get_mod(window, stride)]


def _zero(kind: ir.Type) -> ir.Value:
    integer = isinstance(kind, ir.IntegerType)
    value = ir.IntegerAttr.get(kind, 0) if integer else ir.FloatAttr.get(kind, 0.0)
    return ir.Operation.create(
        "arith.constant", results=[kind], attributes={"value": value}
    ).results[0]
