# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Words for workloads: what the dims of one are called, and what it computes, in a line."""

from __future__ import annotations

from collections import Counter

from .analysis import contraction, head_dims, once, panels, window
from .workload import DYNAMIC, Op, Workload

ROWS, COLUMNS, STEPS, BATCH = "rows", "columns", "steps of the sum", "of the batch"
AXES = ("rows", "columns")
"""What the last two dims of a picture are called."""
ELEMENTWISE, ATTENTION = "elementwise", "attention"


@once
def dim_names(workload: Workload) -> dict[int, str]:
    """What each dim of a workload is called, in the plural. No two have the same name: of several
    that would, each has its number behind it."""
    names = _of_root(workload)
    for dim in range(len(workload.extents)):
        summed = any(dim in op.dims("reduction") for op in workload.ops)
        names.setdefault(dim, STEPS if summed else ROWS)
    count = Counter(names.values())
    return {
        dim: name if count[name] == 1 else f"{name} (d{dim})" for dim, name in sorted(names.items())
    }


def _of_root(workload: Workload) -> dict[int, str]:
    root = workload.root_op
    if root.kind == ATTENTION:
        return _of_attention(workload)
    if (packed := panels(workload)) is not None:
        return {
            **dict.fromkeys(packed.rows, ROWS),
            **{packed.panel: "panels", packed.column: COLUMNS},
            **dict.fromkeys(packed.summed, STEPS),
        }
    if window(workload):
        return _of_window(workload)
    if (found := contraction(workload)) is not None:
        return {
            **dict.fromkeys(found.batch, BATCH),
            **dict.fromkeys(found.m, ROWS),
            **dict.fromkeys(found.n, COLUMNS if found.m else ROWS),
            **dict.fromkeys(found.k, STEPS),
        }
    names: dict[int, str] = dict.fromkeys(root.dims("parallel"), ROWS)
    if len(root.dims("parallel")) > 1:
        names[root.dims("parallel")[-1]] = COLUMNS
    return names | dict.fromkeys(root.dims("reduction"), STEPS)


def _of_attention(workload: Workload) -> dict[int, str]:
    root = workload.root_op
    query, key, value = ({index.dim for index in root.inputs[i].indices} for i in range(3))
    head = head_dims(workload)
    names: dict[int, str] = {}
    for dim in root.loops:
        if dim in head:
            names[dim] = "elements of a head"
        elif dim in key and dim in value:
            names[dim] = "heads" if dim in query else "keys"
        else:
            names[dim] = "queries" if dim in query else COLUMNS
    return names


def _of_window(workload: Workload) -> dict[int, str]:
    root = workload.root_op
    names: dict[int, str] = {}
    for axis, (out, inner) in zip(AXES[-len(window(workload)) :], window(workload), strict=False):
        names |= {out: f"output {axis}", inner: f"window {axis}"}
    filtered = {i.dim for operand in root.inputs[1:] for i in operand.indices}
    for dim in root.loops:
        if dim in names:
            continue
        if dim in root.dims("reduction"):
            names[dim] = "input channels"
        else:
            first = dim == root.dims("parallel")[0] and dim not in filtered
            names[dim] = "images" if first else "channels"
    return names


@once
def title(workload: Workload) -> str:
    """What a workload computes: its root op with extents and types, and how many ops beside it."""
    root = workload.root_op
    known = [
        "?" if extent == DYNAMIC or not workload.is_known(dim) else str(extent)
        for dim, extent in zip(root.loops, workload.op_extents(root), strict=True)
    ]
    extents = "x".join(known)
    types = dict.fromkeys(operand.dtype for operand in (*root.inputs, *root.outputs))
    others = len(workload.ops) - 1
    more = f" and {others} more op{'s' * (others > 1)}" if others else ""
    return f"{_kind(workload, root)} {extents or 'of a scalar'} {'/'.join(types)}{more}"


def _kind(workload: Workload, root: Op) -> str:
    if workload.buffers:
        return "copy"
    if root.kind == ATTENTION:
        return ATTENTION
    if panels(workload) is not None:
        return "product with packed weights"
    if window(workload):
        return "convolution" if len(root.inputs) > 1 and contracts(root) else "pooling"
    if contraction(workload) is not None:
        return "matmul"
    return "reduction" if root.dims("reduction") else ELEMENTWISE


def contracts(op: Op) -> bool:
    """Whether an op multiplies what it sums up."""
    return any(line.startswith("mul") for line in op.body)
