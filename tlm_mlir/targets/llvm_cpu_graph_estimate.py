# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An analytic estimate of graph-level choices, which they pass before they replace IREE's own.

A choice is taken where its estimate is clearly below that of leaving the op alone. Only ratios of
estimates mean anything: clocks are turned into seconds at a nominal rate.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..ir.sources import COMPUTED
from ..ir.workload import Workload
from .llvm_cpu import window
from .llvm_cpu_graph import IM2COL, LAST, LEAVE, TILED, options
from .llvm_cpu_matmul_clocks import DISPATCH, Factor, Matmul, default_clocks, tiled_clocks
from .target import CpuTarget

HERTZ = 3.5e9
GAIN = 0.95
"""Share of IREE's own estimate that a choice has to stay under."""
GATHERED, GATHERED_APART = 1.5, 0.8
"""Bytes that one clock of im2col writes where a window slides by one, and by more."""
CHANNELS_LAST = 0.85
CHANNELS_FIRST, CHANNELS_FIRST_BATCH = 0.5, 0.7
POINTS, STRIDED, STRIDED_POINTS = 0.25, 0.12, 0.02
"""Share of the arithmetic that IREE's default reaches: NHWC; NCHW with a window that slides by one,
for one image and for several; with a window of one point; sliding by more; and both."""
PACKED_CHANNELS = 0.05
"""Share that it reaches once the channels of a windowed convolution were moved last."""


@dataclass(frozen=True)
class Verdict:
    """What stays of a choice that was asked for, and what the estimate says of it."""

    choice: str
    reason: str


def gate(workload: Workload, target: CpuTarget, sources: Sequence[str], asked: str) -> Verdict:
    """Takes a choice or leaves the op to IREE. `sources` has one for each input of the root op."""
    if asked == LEAVE:
        return Verdict(LEAVE, "")
    left, changed = (estimate(workload, target, sources, option) for option in (LEAVE, asked))
    name = asked.removeprefix("graph:")
    if math.isinf(changed):
        return Verdict(LEAVE, f"{name}: IREE has no fast code for these types")
    says = f"{name}: {left / changed:.2f} times as fast by an estimate"
    return Verdict(asked, says) if changed < GAIN * left else Verdict(LEAVE, says)


def estimate(
    workload: Workload, target: CpuTarget, sources: Sequence[str], option: str
) -> float:
    """Seconds of an op under an option; infinite where IREE has no fast code for it."""
    if window(workload):
        return _convolution(workload, target, sources, option) / HERTZ
    matmul = read_matmul(workload, sources)
    if matmul is None:
        return 0.0 if option == LEAVE else math.inf
    clocks = tiled_clocks if option == TILED else default_clocks
    return clocks(matmul, target) / HERTZ


def read_matmul(workload: Workload, sources: Sequence[str]) -> Matmul | None:
    """The contraction that a workload's root is; None where it is none."""
    root = workload.root_op
    out = [index.dim for index in root.outputs[0].indices]
    dims = [{index.dim for index in operand.indices} for operand in root.inputs]
    summed = root.dims("reduction")
    if len(dims) != 2 or not out or not summed or None in dims[0] | dims[1] | set(out):
        return None
    # The rows' factor is the one without the result's innermost dim.
    rows = 1 if out[-1] in dims[0] else 0
    columns = 1 - rows
    own = [
        [dim for dim in root.dims("parallel") if dim not in dims[other]]
        for other in (columns, rows)
    ]
    batch = [dim for dim in root.dims("parallel") if dim in dims[0] & dims[1]]
    b, m, n, k = (math.prod(workload.extents[dim] for dim in d) for d in (batch, *own, summed))
    factors = [
        Factor(operand.dtype, operand.bytes, operand.indices[-1].dim in summed, source)
        for operand, source in zip(root.inputs, sources, strict=True)
    ]
    return Matmul(b, m, n, k, factors[rows], factors[columns], root.outputs[0].dtype)


def _convolution(
    workload: Workload, target: CpuTarget, sources: Sequence[str], option: str
) -> float:
    """Clocks of a convolution."""
    pairs = window(workload)
    points = {outer for outer, _ in pairs}
    inner = math.prod(workload.extents[dim] for _, dim in pairs)
    stride = _stride(workload, points)
    shape = _as_matmul(workload, points, sources)
    share = _share(workload, inner, stride, shape.batch)
    if option == IM2COL:
        if inner == 1 and stride == 1:
            gathering = 0.0
        else:
            rate = GATHERED if stride == 1 else GATHERED_APART
            moved = _gathered(workload, points) * workload.root_op.inputs[0].bytes
            gathering = moved / rate / max(1, target.cores) + DISPATCH
        return gathering + min(default_clocks(shape, target), tiled_clocks(shape, target))
    if option == LAST and inner > 1:
        share = PACKED_CHANNELS
    multiplications = math.prod(workload.extents)
    vectors = (1.0 if target.vector_bits == 512 else 2.0) * target.vector_bytes / 4
    return multiplications / (vectors * share * max(1, target.cores))


def _share(workload: Workload, inner: int, stride: int, batch: int) -> float:
    """Share of the arithmetic that IREE's default reaches on a convolution."""
    if LAST not in options(workload):
        return CHANNELS_LAST
    if stride > 1:
        return STRIDED if inner > 1 else STRIDED_POINTS
    if inner == 1:
        return POINTS
    return CHANNELS_FIRST if batch == 1 else CHANNELS_FIRST_BATCH


def _stride(workload: Workload, points: Collection[int]) -> int:
    """The longest step of a window."""
    return max(
        factor
        for operand in workload.root_op.inputs
        for index in operand.indices
        if len(index.terms) == 2
        for dim, factor in index.terms
        if dim in points
    )


def _gathered(workload: Workload, points: Collection[int]) -> int:
    """Elements that im2col writes: every window."""
    root = workload.root_op
    image = next(
        operand for operand in root.inputs if any(len(i.terms) == 2 for i in operand.indices)
    )
    dims = {dim for index in image.indices for dim, _ in index.terms}
    return math.prod(workload.extents[dim] for dim in dims | set(points))


def _as_matmul(
    workload: Workload, points: Collection[int], sources: Sequence[str]
) -> Matmul:
    """The matmul that im2col makes of a convolution: filters by points where channels are first,
    points by filters where they are last."""
    root = workload.root_op
    image = next(
        place
        for place, operand in enumerate(root.inputs)
        if any(len(index.terms) == 2 for index in operand.indices)
    )
    seen = {dim for index in root.inputs[image].indices for dim, _ in index.terms}
    parallel = root.dims("parallel")
    filters = math.prod(workload.extents[dim] for dim in parallel if dim not in seen)
    batch = math.prod(
        workload.extents[dim] for dim in parallel if dim in seen and dim not in points
    )
    spots = math.prod(workload.extents[dim] for dim in points)
    k = math.prod(workload.extents[dim] for dim in root.dims("reduction"))
    dtype, bytes_ = root.inputs[image].dtype, root.inputs[image].bytes
    gathered = Factor(dtype, bytes_, False, COMPUTED)
    weights = Factor(dtype, bytes_, True, sources[1 - image])
    out = root.outputs[0].dtype
    if LAST in options(workload):
        return Matmul(batch, filters, spots, k, weights, gathered, out)
    gathered = Factor(dtype, bytes_, True, COMPUTED)
    weights = Factor(dtype, bytes_, False, sources[1 - image])
    return Matmul(batch, spots, filters, k, gathered, weights, out)
