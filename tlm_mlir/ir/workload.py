# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Workloads: what a dispatch computes, in a canonical form.

Two dispatches that compute the same thing have equal workloads: names, the order of commutative
operands and the choice between a named op and a `linalg.generic` do not show (but for the order of
a contraction's factors, `Op.columns_first`). A workload is frozen, hashable, and has a canonical
JSON form.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal

from ..errors import InputError, WorkError

IteratorKind = Literal["parallel", "reduction"]

DYNAMIC = -1
"""Extent of a dimension that is unknown at compile time."""
MOST = 2**31 - 1
"""Most steps of such a dimension where nothing bounds it."""


@dataclass(frozen=True)
class Index:
    """One result of an operand's indexing map: `sum(coefficient * dim) + offset`.

    `terms` are (dim, coefficient) pairs over the workload's dims, sorted by dim; no terms and a
    zero offset is the constant 0. `opaque` marks an expression that is not affine-linear
    (floordiv, mod).
    """

    terms: tuple[tuple[int, int], ...]
    offset: int = 0
    opaque: bool = False

    @property
    def dim(self) -> int | None:
        """The dim when the expression is exactly one dim, else None."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and not self.offset and not self.opaque:
            return self.terms[0][0]
        return None


@dataclass(frozen=True)
class Operand:
    """One tensor (or scalar) that an op reads or writes.

    `source` is the position in `Workload.ops` of the op that produced it inside the dispatch, or -1
    when it comes from (or goes to) memory.
    """

    dtype: str
    indices: tuple[Index, ...]
    source: int = -1


    @property
    def bytes(self) -> int:
        """Bytes of an element: of a type narrower than that one, of `index` eight."""
        bits = re.search(r"\d+", self.dtype)
        return max(1, int(bits.group()) // 8) if bits else 8


@dataclass(frozen=True)
class Op:
    """One structured op. `loops[i]` is the workload dim that the op's loop i runs over.

    `columns_first` tells of a contraction that its first factor has the result's innermost dim, and
    the second has not: IREE's code depends on that (`ir/operand_order.py`).
    """

    kind: str
    loops: tuple[int, ...]
    iterators: tuple[IteratorKind, ...]
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]
    body: tuple[str, ...]
    columns_first: bool = False

    def dims(self, kind: IteratorKind) -> tuple[int, ...]:
        """The op's dims of one iterator kind, in loop order."""
        return tuple(d for d, k in zip(self.loops, self.iterators, strict=True) if k == kind)


@dataclass(frozen=True)
class Bounds:
    """What is known of a dim whose extent is dynamic: its least and its most steps."""

    dim: int
    low: int = 0
    high: int = MOST

    @property
    def tell(self) -> bool:
        """Whether they say anything."""
        return self.low > 1 or self.high < MOST


@dataclass(frozen=True)
class Workload:
    """The ops of one dispatch in program order over shared dims.

    `extents[d]` is the trip count of dim d (`DYNAMIC` when unknown). `root` is the op whose tiling
    decides the dispatch's loops, chosen as IREE does (Codegen/Utils/CPUUtils.cpp): the last op with
    a reduction, else the last one. `buffers` is true where the dispatch works on memrefs (copies).
    `dynamic` has what bounds dims of unknown extents; where such a dim has an extent all the same,
    that is assumed (`ir/lengths.py`).
    """

    extents: tuple[int, ...]
    ops: tuple[Op, ...]
    root: int
    buffers: bool = False
    dynamic: tuple[Bounds, ...] = ()

    @property
    def root_op(self) -> Op:
        """The op at `root`."""
        return self.ops[self.root]

    def swapped(self) -> Workload:
        """What this is once `targets.dispatches.swap_operands` has been there."""
        root = replace(self.root_op, columns_first=False)
        ops = (*self.ops[: self.root], root, *self.ops[self.root + 1 :])
        return replace(self, ops=ops)

    @property
    def static(self) -> bool:
        """Whether every extent is known or assumed, and none is zero."""
        return all(extent > 0 for extent in self.extents)

    @property
    def any_length(self) -> frozenset[int]:
        """The dims whose extents are dynamic."""
        unknown = (dim for dim, extent in enumerate(self.extents) if extent == DYNAMIC)
        return frozenset([*unknown, *(bounds.dim for bounds in self.dynamic)])

    def is_known(self, dim: int) -> bool:
        """Whether an extent is not merely assumed."""
        return all(bounds.dim != dim or bounds.low == bounds.high for bounds in self.dynamic)

    def _known(self) -> None:
        if DYNAMIC in self.extents:
            raise WorkError(
                f"the work of a workload of extents {self.extents} is not known before it runs;"
                " ask only where `static` holds"
            )

    def op_extents(self, op: Op) -> tuple[int, ...]:
        """Trip counts of an op's loops, in loop order."""
        return tuple(self.extents[d] for d in op.loops)

    @cached_property
    def flops(self) -> int:
        """Scalar operations of all ops (each body op once per point), a floor for timing checks.

        Raises WorkError where an extent is dynamic.
        """
        self._known()
        return sum(self._points(op) * max(1, _arithmetic(op)) for op in self.ops)

    @cached_property
    def moved(self) -> int:
        """Elements that the ops read from memory and write there, each window once a result.

        Raises WorkError where an extent is dynamic.
        """
        self._known()
        operands = (o for op in self.ops for o in (*op.inputs, *op.outputs) if o.source < 0)
        return sum(
            math.prod(self.extents[dim] for index in operand.indices for dim, _ in index.terms)
            for operand in operands
        )

    def _points(self, op: Op) -> int:
        """Points of an op's loops; of an attention, those of its two contractions."""
        if op.kind != "attention":
            return math.prod(self.op_extents(op))
        key, value = ({index.dim for index in op.inputs[i].indices} for i in (1, 2))
        return sum(
            math.prod(self.extents[dim] for dim in op.loops if dim not in other)
            for other in (key - value, value - key)
        )

    def to_json(self) -> str:
        """Canonical JSON: equal workloads give equal text."""
        return json.dumps(_to_dict(self), separators=(",", ":"), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Workload:
        """The workload that `to_json` wrote. Raises InputError when the text is not one."""
        try:
            return _from_dict(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"workload record is damaged ({error}); collect it again") from error

    @cached_property
    def digest(self) -> str:
        """Sixteen hex digits of the SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]


_NO_ARITHMETIC = ("yield", "constant", "index", "ext", "trunc", "bitcast")
"""A widening of a factor belongs to its multiplication, which may take narrow ones."""


def _arithmetic(op: Op) -> int:
    """Scalar operations per loop point. An attention does two contractions over its domain."""
    if "attention" in op.kind:
        return 2
    return sum(1 for line in op.body if not line.startswith(_NO_ARITHMETIC))


def _to_dict(item: Any) -> Any:
    """What `dataclasses.asdict` gives, without its copies: this runs for every op of a program."""
    if isinstance(item, tuple):
        return [_to_dict(part) for part in item]
    if isinstance(item, (Workload, Op, Operand, Index, Bounds)):
        found = {name: _to_dict(getattr(item, name)) for name in _FIELDS[type(item)]}
        if found.get("columns_first") is False:
            del found["columns_first"]
        if found.get("dynamic") == []:
            del found["dynamic"]
        return found
    return item


_FIELDS = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (Workload, Op, Operand, Index, Bounds)
}


def _from_dict(data: dict[str, Any]) -> Workload:
    def index(item: dict[str, Any]) -> Index:
        return Index(tuple((t[0], t[1]) for t in item["terms"]), item["offset"], item["opaque"])

    def operand(item: dict[str, Any]) -> Operand:
        return Operand(item["dtype"], tuple(map(index, item["indices"])), item["source"])

    def op(item: dict[str, Any]) -> Op:
        return Op(
            item["kind"],
            tuple(item["loops"]),
            tuple(item["iterators"]),
            tuple(map(operand, item["inputs"])),
            tuple(map(operand, item["outputs"])),
            tuple(item["body"]),
            item.get("columns_first", False),
        )

    return Workload(
        tuple(data["extents"]),
        tuple(map(op, data["ops"])),
        data["root"],
        data["buffers"],
        tuple(Bounds(**bounds) for bounds in data.get("dynamic", ())),
    )
