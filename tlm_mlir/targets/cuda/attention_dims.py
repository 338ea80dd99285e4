# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: the dims of an attention, and what a workgroup computes of them."""

from __future__ import annotations

from dataclasses import dataclass

from ...ir.analysis import once
from ...ir.workload import Workload

LINE = 16
"""Bytes that a thread loads with one instruction at most."""


@dataclass(frozen=True)
class Dims:
    """The dims of an attention: rows are those of the queries, columns those of the values, `head`
    is summed over for a score, and `keys` are the scores of a row."""

    rows: int
    columns: int
    head: int
    keys: int


@dataclass(frozen=True)
class Tiles:
    """What a workgroup computes: rows, columns, keys of a step; its threads, of which so many share
    a row. `matrix` tells of tensor cores."""

    rows: int
    columns: int
    step: int
    threads: int
    across: int
    matrix: bool


@once
def dims(workload: Workload) -> Dims | None:
    """The dims of a root that is an attention with one of each; None for others.

    Rows may be cut into several dims, as where heads of queries share those of keys: the innermost
    counts, and the others are like a batch.
    """
    root = workload.root_op
    if root.kind != "attention" or len(root.inputs) < 3:
        return None
    spans = [{index.dim for index in o.indices} for o in (*root.inputs[:3], root.outputs[0])]
    if any(None in span for span in spans):
        return None
    query, key, value, out = spans
    batch = query & key & value & out
    rows = [index.dim for index in root.inputs[0].indices if index.dim in query & out - batch]
    pairs = (value, out), (query, key), (key, value)
    each = [one & other - batch for one, other in pairs]
    if not rows or any(len(dims) != 1 for dims in each):
        return None
    if len(batch) + len(rows) + len(each) != len(root.loops):
        return None
    return Dims(*(dim for dim in (rows[-1], *(dim for (dim,) in each)) if dim is not None))
