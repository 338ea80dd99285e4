# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: an analytic estimate for products with packed weights, in clocks of one core.

The kernel holds `rows x columns` results in registers. For every summed element it loads a panel's
columns once and broadcasts one element for each row. What is counted: multiply-adds, loads,
results that do not fit the registers, the latency of an addition, loops; then what the caches and
the memory give, and how evenly workgroups fall on cores. Only ratios mean anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...ir.analysis import MAX_COLUMNS
from ..target import CpuTarget
from .limits import MAX_UNROLLED_REGISTERS

BLOCKS = (8, 16, 32)
"""Columns of a panel: one vector of AVX2, two, or of AVX-512 one, two."""
FEWEST_PANELS = 2
"""Fewer are the weights as they lie."""
LEAST_COLUMNS = 4
"""Columns of the shortest vectors, which those of a group must divide into."""
LATENCY = 4
"""Clocks of a fused multiply-add, which the next one to the same result waits for."""
LOOP = 0.5
"""Clocks of a turn of the innermost loop besides its arithmetic."""
BODY = 64
"""Multiply-adds of whole vectors in an innermost loop, above which LLVM spills registers."""
TILE = 12.0
"""Clocks of beginning and ending a kernel, besides storing its results."""
MOST_RESULTS = 20
"""Most vector registers of results. More were never faster on AVX-512, and some were spilled."""
PEELED = 1.03
"""More clocks of loops that something is left over of."""
HINDERED = 0.05
"""Share of the clocks of what is not the bottleneck that show."""
NEAR, FAR = 32.0, 8.0
"""Bytes that a core gets in a clock from its second cache, and from beyond."""
PERIOD = 4096
"""Bytes after which addresses fall on the same set of the first cache: 64 sets of 64 bytes."""
CROWDED = 1.25
"""Rows for each way of a set from which on they drive each other out, and what is loaded of one is
loaded again."""
MISSED = 2.8
"""Clocks of such a load."""
WORKGROUP = 2_000.0
"""Clocks of starting a workgroup."""


@dataclass(frozen=True)
class PanelShape:
    """A product with packed weights. `rows` are the extents of the result's dims but the columns,
    outermost first; a result has `panels` of `columns` each, and sums `window * channels` elements
    of `width` bytes. `reads` are the distinct elements of the other factor that all rows touch, and
    `stride` the bytes between two of its rows; 0 where they lie in it otherwise. Where rows are
    `apart` by the innermost of their dims, as groups of a convolution, each has panels of its own.
    """

    rows: tuple[int, ...]
    panels: int
    columns: int
    channels: int
    window: int
    reads: int
    width: int = 4
    stride: int = 0
    apart: bool = False

    @property
    def depth(self) -> int:
        """Elements that a result sums."""
        return self.window * self.channels


@dataclass(frozen=True)
class PanelTiles:
    """Rows of a kernel and of a workgroup, by their place in `PanelShape.rows`; the steps of the
    sum that are unrolled; panels of a workgroup."""

    vector: tuple[int, ...]
    unroll: int
    group: tuple[int, ...]
    panels: int


def group_blocks(columns: int) -> tuple[int, ...]:
    """Columns of a panel where each group of channels has one: all, in whole vectors."""
    return (columns,) if columns % LEAST_COLUMNS == 0 and columns <= MAX_COLUMNS else ()


def registers(target: CpuTarget) -> int:
    """Vector registers of a core."""
    return 32 if target.vector_bits == 512 else 16


def fused_a_clock(target: CpuTarget) -> int:
    """Fused multiply-adds of whole vectors that a core starts in a clock."""
    return 1 if target.vector_bits == 512 else 2


def most_rows(columns: int, target: CpuTarget, width: int = 4) -> int:
    """Most rows of a kernel whose results all stay in registers, beside the columns and a
    broadcast. Of many registers LLVM wants more left."""
    wide = _wide(columns, target, width)
    return max(1, min(registers(target) - wide - 1, MOST_RESULTS) // wide)


def kernel_clocks(shape: PanelShape, rows: int, unroll: int, target: CpuTarget) -> float:
    """Clocks of one kernel: some rows of one panel, summed up."""
    wide = _wide(shape.columns, target, shape.width)
    held = rows * wide
    multiply = held / fused_a_clock(target)
    load = (wide * (2 if target.vector_bits == 512 else 1) + rows) / 2
    panel = shape.depth * shape.columns * shape.width
    columns = shape.columns * shape.width / NEAR if panel > target.l1 // 2 else 0.0
    # What is not the bottleneck still gets in its way now and then.
    step = max(multiply, load, LATENCY, columns) + HINDERED * (load + columns)
    step += _crowding(shape.stride, rows, target)
    if held * unroll > BODY:
        step *= 1.2
    return shape.depth * (step + LOOP / unroll) + 2 * held + TILE


def _crowding(stride: int, rows: int, target: CpuTarget) -> float:
    """Clocks of one step of the sum in which rows drive each other out of the first cache."""
    if not stride or not target.l1:
        return 0.0
    sets = PERIOD // math.gcd(stride, PERIOD)
    return MISSED * max(0.0, rows - CROWDED * sets * target.l1 / PERIOD)


def kernel_share(shape: PanelShape, tiles: PanelTiles, target: CpuTarget) -> float:
    """Clocks of a whole kernel for each of its products."""
    rows = math.prod(tiles.vector)
    clocks = kernel_clocks(shape, rows, tiles.unroll, target)
    return clocks / (rows * shape.columns * shape.depth)


def estimate(shape: PanelShape, tiles: PanelTiles, target: CpuTarget) -> float:
    """Clocks of the dispatch on all of the target's cores."""
    groups = math.prod(
        -(-rows // group) for rows, group in zip(shape.rows, tiles.group, strict=True)
    ) * -(-shape.panels // tiles.panels)
    weights = tiles.panels * shape.columns * shape.depth * shape.width
    weights *= tiles.group[-1] if shape.apart else 1
    rows = math.prod(tiles.group)
    reads = shape.reads * shape.width * rows / math.prod(shape.rows)
    # What a workgroup reads is read again for each panel, from the second cache if it fits.
    again = reads * (tiles.panels - 1) / (NEAR if reads + weights < 0.7 * target.l2 else FAR)
    results = 2 * rows * tiles.panels * shape.columns * shape.width
    each = (
        tiles.panels * _kernels_clocks(shape, tiles, target)
        + (weights + reads + results) / FAR / 4
        + again
        + WORKGROUP
    )
    return each * -(-groups // max(1, target.cores))


def default_clocks(shape: PanelShape, target: CpuTarget) -> float:
    """Clocks of the dispatch as IREE lowers it by itself: a row at a time, and what slides a window
    one element at a time."""
    products = math.prod(shape.rows) * shape.panels * shape.columns * shape.depth
    cores = max(1, target.cores)
    if shape.window > 1:
        return 2.0 * products / cores
    return products / shape.columns * kernel_clocks(shape, 1, 4, target) / shape.depth / cores


def _wide(columns: int, target: CpuTarget, width: int) -> int:
    """Registers that a row of a panel takes."""
    return -(-columns // max(1, target.vector_bytes // width))


def _kernels_clocks(shape: PanelShape, tiles: PanelTiles, target: CpuTarget) -> float:
    """Clocks of all kernels of a workgroup on one panel; smaller ones do what is left over."""
    sizes = {1: 1}
    for group, vector in zip(tiles.group, tiles.vector, strict=True):
        full, rest = divmod(group, vector)
        parts = {vector: full, rest: 1} if rest else {vector: full}
        counted: dict[int, int] = {}
        for size, count in sizes.items():
            for part, times in parts.items():
                counted[size * part] = counted.get(size * part, 0) + count * times
        sizes = counted
    clocks = sum(
        count * kernel_clocks(shape, rows, tiles.unroll, target) for rows, count in sizes.items()
    )
    return clocks * (PEELED if len(sizes) > 1 else 1.0)


def best(shape: PanelShape, target: CpuTarget) -> PanelTiles:
    """The tiles with the least estimate. Kernels and workgroups are chosen one after the other."""
    kernels = [
        PanelTiles(vector, unroll, shape.rows, 1)
        for vector in open_vectors(shape, target)
        for unroll in open_unrolls(shape, vector, target)
    ]
    chosen = min(kernels, key=lambda tiles: _kernels_clocks(shape, tiles, target))
    groups = [
        PanelTiles(chosen.vector, chosen.unroll, group, panels)
        for group in row_groups(shape.rows, chosen.vector)
        for panels in divisors(shape.panels, shape.panels)
    ]
    return min(groups, key=lambda tiles: estimate(shape, tiles, target))


def open_vectors(shape: PanelShape, target: CpuTarget) -> list[tuple[int, ...]]:
    """Rows of a kernel whose results stay in registers, and whose body may be unrolled at all."""
    most = most_rows(shape.columns, target, shape.width)
    body = _wide(shape.columns, target, shape.width) * min(unrolls(shape.channels))
    most = min(most, MAX_UNROLLED_REGISTERS // body)
    if shape.apart:
        return [(*vector, 1) for vector in vectors(shape.rows[:-1], most)]
    return vectors(shape.rows, most)


def open_unrolls(shape: PanelShape, vector: Sequence[int], target: CpuTarget) -> list[int]:
    """Steps of the sum that may be unrolled in a kernel of some rows."""
    held = math.prod(vector) * _wide(shape.columns, target, shape.width)
    return [n for n in unrolls(shape.channels) if held * n <= MAX_UNROLLED_REGISTERS]


def vectors(rows: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
    """Rows of a kernel: any number of the innermost dim, which is peeled where it does not divide
    it, and a divisor of the dim before. Of a single row there is no dim."""
    if not rows:
        return [()]
    found = []
    # The innermost first: of equals it is taken.
    for inner in range(min(rows[-1], most), 0, -1):
        outer = divisors(rows[-2], most // inner) if len(rows) > 1 else [1]
        found += [(*(1,) * (len(rows) - 2), high, inner)[-len(rows) :] for high in outer]
    return found


def unrolls(channels: int) -> list[int]:
    """Steps of the sum that are unrolled. One would be folded away, and IREE then vectorizes
    nothing."""
    return [n for n in (2, 4, 8, channels) if channels % n == 0 and n <= 8] or [1]


def row_groups(rows: tuple[int, ...], vector: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Rows of a workgroup: all, or a part of the outermost dim that can be cut into whole kernels.
    """
    found = [rows]
    for place, (extent, unit) in enumerate(zip(rows, vector, strict=True)):
        if extent == 1:
            continue
        parts = [n for n in divisors(extent, extent - 1) if n % unit == 0]
        found += [(*rows[:place], part, *rows[place + 1 :]) for part in parts]
        break
    return found


def divisors(number: int, most: int) -> list[int]:
    return [n for n in range(1, min(number, most) + 1) if number % n == 0]
