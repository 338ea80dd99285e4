# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An analytic estimate of graph-level choices: seconds of an op as it is, tiled, or changed.

The estimate is what a choice has to pass before it replaces IREE's own. It counts arithmetic by the
code that IREE generates for it, and bytes that are moved to change a layout, by where operands come
from (`ir/sources.py`). Clocks are those of one core. Only ratios of estimates mean anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..ir.sources import COMPUTED, CONSTANT
from ..ir.workload import Operand, Workload
from .llvm_cpu import window
from .llvm_cpu_data_tiling import KERNEL, SCALAR, Types, tile
from .llvm_cpu_graph import IM2COL, LAST, LEAVE, TILED, options
from .target import CpuTarget

HERTZ = 3.5e9
DISPATCH_CLOCKS = 20_000
"""One more dispatch, whose workers have to be woken."""
GAIN = 0.9
"""A choice replaces IREE's own where its estimate is below this share of that of IREE's own."""
SCALAR_CLOCKS = 5.0
"""A multiplication by generic C."""
COPIED, TURNED, FUSED = 2.0, 1.8, 6.0
"""Bytes of an operand that one clock packs: rows of a tile copied, turned, or in the dispatch that
computes them."""
UNPACKED = 8.0
GATHERED, GATHERED_APART = 1.2, 0.6
"""Bytes that one clock of im2col writes where a window slides by one, and by more."""


@dataclass(frozen=True)
class Factor:
    """One operand of a matmul: bytes of an element, whether the reduction is its innermost dim, and
    where it comes from."""

    dtype: str
    bytes: int
    reduction_last: bool
    source: str


@dataclass(frozen=True)
class Matmul:
    """A contraction: extents of its batch, rows, columns and reduction, its factors and result."""

    batch: int
    m: int
    n: int
    k: int
    left: Factor
    right: Factor
    out: str

    @property
    def flops(self) -> int:
        """Two for each multiplication."""
        return 2 * self.batch * self.m * self.n * self.k

    @property
    def types(self) -> Types:
        """Element types of both factors and the result."""
        return self.left.dtype, self.right.dtype, self.out


def estimate(
    workload: Workload, target: CpuTarget, sources: tuple[str, ...], option: str
) -> float:
    """Seconds of an op under an option; infinite where IREE has no code for it worth the name.

    `sources` tell where each input of the root op comes from.
    """
    if window(workload):
        return _convolution(workload, target, sources, option) / HERTZ
    matmul = read_matmul(workload, sources)
    if matmul is None:
        return 0.0 if option == LEAVE else math.inf
    clocks = _tiled(matmul, target) if option == TILED else _left(matmul, target)
    return clocks / HERTZ


def gated(
    workload: Workload, target: CpuTarget, sources: tuple[str, ...], asked: str
) -> tuple[str, str]:
    """What stays of a choice that was asked for, and why."""
    if asked == LEAVE or asked not in options(workload):
        return LEAVE, ""
    left = estimate(workload, target, sources, LEAVE)
    changed = estimate(workload, target, sources, asked)
    if math.isinf(changed):
        return LEAVE, "IREE has no fast code for it"
    says = f"estimated {changed * 1e6:.0f} us, left alone {left * 1e6:.0f} us"
    return (asked, says) if changed < GAIN * left else (LEAVE, says)


def read_matmul(workload: Workload, sources: tuple[str, ...]) -> Matmul | None:
    """The contraction that a workload's root is; None where it is none."""
    root = workload.root_op
    if len(root.inputs) != 2 or not root.outputs[0].indices:
        return None
    dims = [{index.dim for index in operand.indices} for operand in root.inputs]
    out = [index.dim for index in root.outputs[0].indices]
    summed = [dim for dim in root.loops if dim not in out]
    if not summed or None in dims[0] | dims[1] | set(out):
        return None

    def size(found: list[int]) -> int:
        return math.prod(workload.extents[dim] for dim in found)

    # The rows' factor is the one without the result's innermost dim.
    left = 0 if out[-1] not in dims[0] else 1
    right = 1 - left
    rows = [dim for dim in root.loops if dim in out and dim not in dims[right]]
    columns = [dim for dim in root.loops if dim in out and dim not in dims[left]]
    batch = [dim for dim in root.loops if dim in out and dim not in {*rows, *columns}]

    def factor(place: int) -> Factor:
        operand = root.inputs[place]
        last = operand.indices[-1].dim in summed
        return Factor(operand.dtype, _bytes(operand), last, sources[place])

    sizes = (size(batch), size(rows), size(columns), size(summed))
    return Matmul(*sizes, factor(left), factor(right), root.outputs[0].dtype)


def _bytes(operand: Operand) -> int:
    return operand.bytes


def _peak(bytes_: int, target: CpuTarget) -> float:
    """Most multiplications and additions of a core in a clock, for elements of some bytes."""
    units = 1 if target.vector_bits == 512 else 2
    fused = 2 if "fma" in target.features else 1
    return units * fused * target.vector_bytes / max(4, bytes_)


def _left(matmul: Matmul, target: CpuTarget) -> float:
    """Clocks of a contraction that is left alone."""
    peak = _peak(max(matmul.left.bytes, matmul.right.bytes), target)
    share = 0.88 if target.vector_bits == 512 else 0.5
    if matmul.right.reduction_last:
        share *= 0.85
    if not matmul.types[0] == matmul.types[1] == matmul.types[2]:
        share *= 0.5
    if "bf16" in matmul.types:
        share *= 0.4
    # Columns that are far apart miss the caches.
    stride = matmul.n * matmul.right.bytes
    rows = _rows_that_fit(stride, target)
    if not matmul.right.reduction_last and matmul.k > rows:
        share *= 0.6
    compute = matmul.flops / (peak * share) / _workers(matmul.m * matmul.n, target)
    moved = matmul.batch * (
        matmul.m * matmul.k * matmul.left.bytes + matmul.n * matmul.k * matmul.right.bytes
    )
    reading = moved / 4.0 / max(1, target.cores)
    return max(compute, reading)


def _rows_that_fit(stride: int, target: CpuTarget) -> int:
    way = max(target.l2, 1 << 19) // 8
    return 8 * (way // math.gcd(stride, way))


def _workers(results: int, target: CpuTarget) -> float:
    return min(max(1, target.cores), math.ceil(results / 4096))


def _tiled(matmul: Matmul, target: CpuTarget) -> float:
    """Clocks of a contraction that is data-tiled."""
    found = tile(matmul.types, matmul.m, matmul.n, target)
    if found is None or found.code == SCALAR:
        return math.inf
    m, n = _up(matmul.m, found.m), _up(matmul.n, found.n)
    k = _up(matmul.k, found.k)
    flops = 2 * matmul.batch * m * n * k
    peak = _peak(max(matmul.left.bytes, matmul.right.bytes), target)
    small = min(found.m, found.n)
    share = (0.95 if found.code == KERNEL else 0.4) * min(1.0, small / 4)
    compute = flops / (peak * share * found.k) / _workers(matmul.m * matmul.n, target)
    moved = matmul.batch * k * (m * matmul.left.bytes + n * matmul.right.bytes)
    cores = max(1, target.cores)
    kernel = max(compute, moved / 8.0 / cores)
    packing = sum(
        _packing(factor, matmul.batch * extent * matmul.k, target)
        for factor, extent in ((matmul.left, matmul.m), (matmul.right, matmul.n))
    )
    unpacking = matmul.batch * matmul.m * matmul.n * 4 / UNPACKED / cores
    return kernel + packing + unpacking


def _packing(factor: Factor, elements: int, target: CpuTarget) -> float:
    """Clocks of packing a factor whenever the program runs."""
    if factor.source == CONSTANT:
        return 0.0
    cores = max(1, target.cores)
    if factor.source == COMPUTED:
        return elements * factor.bytes / FUSED / cores
    rate = TURNED if factor.reduction_last else COPIED
    return elements * factor.bytes / rate / cores + DISPATCH_CLOCKS


def _up(extent: int, unit: int) -> int:
    return math.ceil(extent / unit) * unit


def _convolution(
    workload: Workload, target: CpuTarget, sources: tuple[str, ...], option: str
) -> float:
    """Clocks of a convolution."""
    root = workload.root_op
    pairs = window(workload)
    strides = [
        factor
        for operand in root.inputs
        for index in operand.indices
        for dim, factor in index.terms
        if len(index.terms) == 2 and dim in {outer for outer, _ in pairs}
    ]
    inner = math.prod(workload.extents[dim] for _, dim in pairs)
    first = LAST in options(workload)
    flops = 2 * math.prod(workload.extents)
    cores = max(1, target.cores)
    peak = _peak(4, target) * cores
    if not first:
        share = 0.85
    elif max(strides) > 1:
        share = 0.12 if inner > 1 else 0.02
    else:
        share = 0.45 if inner > 1 else 0.25
    if option == LEAVE:
        return flops / (peak * share)
    if option == LAST:
        return flops / (peak * (0.05 if inner > 1 else share))
    outer = {outer for outer, _ in pairs}
    spatial = [dim for dim in root.dims("parallel") if dim in outer]
    points = math.prod(workload.extents[dim] for dim in spatial)
    reduction = math.prod(workload.extents[dim] for dim in root.dims("reduction"))
    gathered = points * reduction * root.inputs[0].bytes
    rate = GATHERED if max(strides) == 1 else GATHERED_APART
    if option == IM2COL:
        gathering = gathered / rate / cores + DISPATCH_CLOCKS
        if inner == 1 and max(strides) == 1:
            gathering = 0.0
        return gathering + flops / (peak * 0.85)
    return math.inf
