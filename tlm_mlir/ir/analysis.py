# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Analysis of workloads: what can be told of a computation without knowing what it runs on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar

from .workload import Index, Op, Workload

R = TypeVar("R")
CASTS = frozenset(
    ["extf", "truncf", "extsi", "extui", "trunci", "sitofp", "uitofp", "fptosi", "fptoui"]
    + ["bitcast", "index_cast"]
)
"""Operations that change the type of a value alone, as the lines of a body name them."""
COMBINERS = frozenset(
    ["addf", "addi", "mulf", "muli", "maximumf", "minimumf", "maxnumf", "minnumf", "maxsi", "minsi"]
    + ["maxui", "minui", "andi", "ori", "xori"]
)
"""Operations by which MLIR's vectorizer puts partial results of a reduction together."""


def once(analysis: Callable[[Workload], R]) -> Callable[[Workload], R]:
    """Works an analysis out once for a workload, which keeps the result."""
    key = f"{analysis.__module__}.{analysis.__qualname__}"

    @wraps(analysis)
    def kept(workload: Workload) -> R:
        found = workload.__dict__
        if key not in found:
            found[key] = analysis(workload)
        result: R = found[key]
        return result

    return kept


@dataclass(frozen=True)
class Contraction:
    """A root that multiplies and sums: the dims that both factors share in parallel (batch), those
    of the first (m) and the second (n) alone, and those that are summed over (k). Which one is the
    first is decided by the IR, as IREE does."""

    batch: tuple[int, ...]
    m: tuple[int, ...]
    n: tuple[int, ...]
    k: tuple[int, ...]


@once
def contraction(workload: Workload) -> Contraction | None:
    """The root as a contraction; None where it is none, or slides a window."""
    root = workload.root_op
    if root.kind != "generic" or (len(root.inputs), len(root.outputs)) != (2, 1):
        return None
    if not root.dims("reduction"):
        return None
    spans = []
    for operand in (*root.inputs, *root.outputs):
        if any(index.dim is None for index in operand.indices):
            return None
        spans.append({index.dim for index in operand.indices})
    left, right, out = spans
    columns = root.outputs[0].indices[-1].dim if root.outputs[0].indices else None
    if columns in left ^ right and (columns in left) != root.columns_first:
        left, right = right, left
    if not sums_products(root):
        return None

    def of(dims: set[int | None]) -> tuple[int, ...]:
        return tuple(dim for dim in root.loops if dim in dims)

    return Contraction(
        of(left & right & out), of((left - right) & out), of((right - left) & out), of(left - out)
    )


def sums_products(op: Op) -> bool:
    """Whether an op adds products of its two inputs to its result: a matmul's body, in which the
    inputs may be cast."""
    values = {f"v{place}": _parsed(line) for place, line in enumerate(op.body)}
    unknown = ("", [""])

    def uncast(value: str) -> str:
        while values.get(value, unknown)[0] in CASTS:
            (value,) = values[value][1]
        return value

    name, (result, *_) = values.get(f"v{len(op.body) - 1}", unknown)
    added, terms = values.get(result, unknown)
    before = f"a{len(op.inputs)}"
    if name != "yield" or added not in ("addf", "addi") or terms.count(before) != 1:
        return False
    (term,) = (value for value in terms if value != before)
    multiplied, factors = values.get(term, unknown)
    return multiplied in ("mulf", "muli") and sorted(map(uncast, factors)) == ["a0", "a1"]


def parsed_body(op: Op) -> list[tuple[str, str, list[str]]]:
    """The operation, its detail (a predicate, a dim, a type) and the operands of each line of a
    body."""
    found = []
    for line in op.body:
        head, _, operands = line.removesuffix(")").partition("(")
        name, _, detail = head.removesuffix("]").partition("[")
        found.append((name, detail, operands.split(",")))
    return found


def _parsed(line: str) -> tuple[str, list[str]]:
    """The operation and the operands of a line of a body (`ir/body.py`)."""
    name, _, operands = line.removesuffix(")").partition("(")
    return name.partition("[")[0], operands.split(",")


@once
def window(workload: Workload) -> list[tuple[int, int]]:
    """(output dim, window dim) pairs of a convolution or pooling root, innermost last.

    A pair shows as an input index `stride * output + dilation * window`.
    """
    root = workload.root_op
    reductions = set(root.dims("reduction"))
    pairs = []
    for operand in root.inputs:
        for index in operand.indices:
            if len(index.terms) == 2 and not index.opaque:
                dims = [d for d, _ in index.terms]
                outer = [d for d in dims if d not in reductions]
                inner = [d for d in dims if d in reductions]
                if len(outer) == len(inner) == 1:
                    pairs.append((outer[0], inner[0]))
    return pairs


@once
def inner_dims(workload: Workload) -> list[int]:
    """Dims that the root op has not, or reduces over while another op spans them in parallel."""
    root = workload.root_op
    found = []
    for op in workload.ops:
        for dim, kind in zip(op.loops, op.iterators, strict=True):
            foreign = dim not in root.loops
            again = dim in root.dims("reduction") and kind == "parallel"
            if (foreign or again) and dim not in found:
                found.append(dim)
    return found


@once
def spread(workload: Workload) -> int:
    """Points of an op that belong to one result of the root op, where most of them do."""
    common = set(workload.root_op.dims("parallel"))
    return max(
        math.prod(workload.extents[dim] for dim in op.dims("parallel") if dim not in common)
        for op in workload.ops
    )


@once
def head_dims(workload: Workload) -> list[int]:
    """The head dims (K1) of an attention: what query and key share and are summed over."""
    root = workload.root_op
    if root.kind != "attention":
        return []
    shared = {i.dim for i in root.inputs[0].indices} & {i.dim for i in root.inputs[1].indices}
    return [dim for dim in root.dims("reduction") if dim in shared]


@dataclass(frozen=True)
class Panels:
    """A root whose one factor holds panels of columns: its innermost dim is that of the result
    (`column`), and `panel` numbers them.

    `rows` are the root's other parallel dims, in the order of the result; `summed` the reduction
    dims, that of the channels last; `read` the rows' dims that the other factor has; `apart` the
    rows' innermost dim where it numbers the groups of a convolution, each with panels of its own.
    """

    rows: tuple[int, ...]
    panel: int
    column: int
    summed: tuple[int, ...]
    read: tuple[int, ...]
    apart: tuple[int, ...] = ()


MAX_COLUMNS = 64
"""Most columns of a panel."""


@once
def panels(workload: Workload) -> Panels | None:
    """The root as a product with packed weights (`decisions/pack_weights.py`); None for others.

    Every other op of the dispatch must have the root's dims alone.
    """
    root = workload.root_op
    out = [index.dim for index in root.outputs[0].indices]
    if root.kind != "generic" or len(root.inputs) != 2 or len(out) < 2 or None in out:
        return None
    column, panel = out[-1], out[-2]
    assert column is not None and panel is not None
    if not sums_products(root) or inner_dims(workload) or workload.extents[column] > MAX_COLUMNS:
        return None
    for weight, other in (root.inputs, root.inputs[::-1]):
        dims = [index.dim for index in weight.indices]
        touched = {dim for index in other.indices for dim, _ in index.terms}
        if None in dims or not dims or dims[-1] != column or panel not in dims:
            continue
        summed = [dim for dim in dims if dim in root.dims("reduction")]
        if {column, panel} & touched or not summed or set(summed) != set(root.dims("reduction")):
            continue
        # The panel comes right before what is summed over, as packing lays it out.
        if dims[-2 - len(summed)] != panel:
            continue
        rows = tuple(dim for dim in out[:-2] if dim is not None)
        apart = rows[-1:] if len(summed) > 1 and rows and rows[-1] in dims else ()
        read = tuple(dim for dim in rows if dim in touched)
        return Panels(rows, panel, column, tuple(summed), read, apart)
    return None


@once
def ahead(workload: Workload) -> tuple[int, ...]:
    """Places of the ops before the root that reduce and whose results it reads by way of other ops,
    as a softmax's sum reads its maximum."""
    root = workload.root_op
    if not root.dims("reduction"):
        return ()
    waiting = [root]
    seen: set[int] = set()
    while waiting:
        found = {operand.source for operand in waiting.pop().inputs} - {-1} - seen
        seen |= found
        waiting += [workload.ops[place] for place in found]
    return tuple(sorted(place for place in seen if workload.ops[place].dims("reduction")))


@once
def recurrent(workload: Workload) -> bool:
    """Whether a reduction of a dispatch goes from step to step by more than a combiner of its
    result, as an argmax does, whose index depends on the maximum so far.

    MLIR vectorizes no such op (reductionPreconditions in Dialect/Linalg/Transforms/
    Vectorization.cpp), so that sizes of vectors do not mean there what they mean elsewhere.
    """
    reducing = [op for op in workload.ops if op.kind == "generic" and op.dims("reduction")]
    return any("" in _combiners(op) for op in reducing)


SUMS = frozenset(["addf", "addi"])


@once
def sums(workload: Workload) -> bool:
    """Whether all that the root reduces without a window are sums, not extremes or the like."""
    root = workload.root_op
    reduces = root.kind == "generic" and root.dims("reduction") and not window(workload)
    return not reduces or set(_combiners(root)) <= SUMS


def _combiners(op: Op) -> list[str]:
    """By what each result is combined with a value of a step, of those that depend on the steps
    before; empty where that is not all that is done to it."""
    values = [_parsed(line) for line in op.body]
    if not values or values[-1][0] != "yield":
        return []
    # What a step has of the steps before: results so far, and all that is computed of them.
    before = {f"a{len(op.inputs) + place}" for place in range(len(op.outputs))}
    for place, (_, terms) in enumerate(values):
        if not before.isdisjoint(terms):
            before.add(f"v{place}")
    found = []
    for place, (result, operand) in enumerate(zip(values[-1][1], op.outputs, strict=True)):
        if result not in before or set(op.loops) <= {index.dim for index in operand.indices}:
            continue
        name, terms = values[int(result[1:])] if result[:1] == "v" else ("", [])
        step = [term for term in terms if term != f"a{len(op.inputs) + place}"]
        combined = name in COMBINERS and len(step) == 1 and step[0] not in before
        found.append(name if combined else "")
    return found


def gathers(op: Op) -> bool:
    """Whether an op reads at computed places."""
    return any(line.startswith("extract") for line in op.body)


def strided(index: Index) -> bool:
    """Whether an index takes every second (or nth) element of one dim."""
    return len(index.terms) == 1 and index.terms[0][1] > 1 and not index.opaque


@once
def strided_contraction(workload: Workload) -> bool:
    """Whether the root sums over every second (or nth) element, as strided 1x1 convolutions do."""
    root = workload.root_op
    some = any(strided(index) for operand in root.inputs for index in operand.indices)
    return some and len(root.inputs) > 1 and bool(root.dims("reduction"))


@once
def widest_element(workload: Workload) -> int:
    """Bytes of the widest element that the ops read or write, four at least."""
    operands = (o for op in workload.ops for o in (*op.inputs, *op.outputs))
    return max(4, *(operand.bytes for operand in operands))


def widest_input(op: Op) -> int:
    """Bytes of the widest element that an op reads, one at least."""
    return max([1, *(operand.bytes for operand in op.inputs)])
