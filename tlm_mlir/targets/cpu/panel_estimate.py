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
from dataclasses import dataclass, replace
from functools import lru_cache

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
SERVED = 1.2
"""Clocks of a kernel for rows of any number, over those of the best for a number, that are no loss.
"""
SOON = 16.0
"""Bytes of weights that a core gets in a clock from the third cache while it computes: 128 bytes in
8.6 clocks, as products of one row with 768 x 768 weights have it on a Zen 4."""
GROUP = 128
"""Most rows of a workgroup where their number is not known. An eighth is the least."""


@dataclass(frozen=True)
class PanelShape:
    """A product with packed weights. `rows` are the extents of the result's dims but the columns,
    outermost first; a result has `panels` of `columns` each, and sums `window * channels` elements
    of `width` bytes. `reads` are the distinct elements of the other factor that all rows touch, and
    `stride` the bytes between two of its rows; 0 where they lie in it otherwise. Where rows are
    `apart` by the innermost of their dims, as groups of a convolution, each has panels of its own.
    Rows at the places `ragged` may be of any number: those here are assumed, and `lengths` are rows
    to serve."""

    rows: tuple[int, ...]
    panels: int
    columns: int
    channels: int
    window: int
    reads: int
    width: int = 4
    stride: int = 0
    apart: bool = False
    ragged: tuple[int, ...] = ()
    lengths: tuple[tuple[int, ...], ...] = ()

    def at(self, rows: tuple[int, ...]) -> PanelShape:
        """The product with some other number of rows, all of which the other factor has."""
        reads = self.reads * math.prod(rows) // math.prod(self.rows)
        return replace(self, rows=rows, reads=reads)

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


def open_blocks(columns: int, channels: int, groups: bool) -> tuple[int, ...]:
    """Columns that a panel may have: several panels must come of it, or where each group of
    channels has one, all in whole vectors. A sum of which no steps can be unrolled has none."""
    if not vectorizes(channels):
        return ()
    if groups:
        return (columns,) if columns % LEAST_COLUMNS == 0 and columns <= MAX_COLUMNS else ()
    return tuple(b for b in BLOCKS if columns % b == 0 and columns // b >= FEWEST_PANELS)


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
    if shape.ragged:
        group = tuple(map(min, tiles.group, shape.rows))
        tiles = replace(tiles, group=group)
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
    """Clocks of all kernels of a workgroup on one panel; smaller ones do what is left over, and
    whole ones what is left of a ragged dim, with masks."""
    sizes = {1: 1}
    for place, (group, vector) in enumerate(zip(tiles.group, tiles.vector, strict=True)):
        full, rest = divmod(group, vector)
        if place in shape.ragged:
            full, rest = -(-group // vector), 0
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


@lru_cache(maxsize=4096)
def best(shape: PanelShape, target: CpuTarget) -> PanelTiles:
    """The tiles with the least estimate, of a ragged product over all its lengths.

    Kernels and workgroups are chosen one after the other.
    """
    kernels = _kernels(shape, target, open_vectors(shape, target))
    if shape.lengths:
        chosen = min(kernels, key=lambda tiles: math.prod(losses(shape, tiles, target)))
    else:
        chosen = min(kernels, key=lambda tiles: _kernels_clocks(shape, tiles, target))
    groups = [
        PanelTiles(chosen.vector, chosen.unroll, group, panels)
        for group in row_groups(shape, chosen.vector)
        for panels in divisors(shape.panels, shape.panels)
    ]
    if not shape.lengths:
        return min(groups, key=lambda tiles: estimate(shape, tiles, target))
    rows = shape.lengths
    least = [min(estimate(shape.at(some), tiles, target) for tiles in groups) for some in rows]

    def lost(tiles: PanelTiles) -> float:
        clocks = (estimate(shape.at(some), tiles, target) for some in rows)
        return max(found / lowest for found, lowest in zip(clocks, least, strict=True))

    return min(groups, key=lost)


def leading(
    shape: PanelShape, target: CpuTarget, most: int, within: float
) -> list[PanelTiles]:
    """Tiles with the least estimates, the least first: at most so many, and none over `within`
    times the least. Kernels that are slower than that are not looked at."""
    kernels = _kernels(shape, target, open_vectors(shape, target))
    clocks = [_kernels_clocks(shape, tiles, target) for tiles in kernels]
    limit = within * min(clocks)
    found = [
        PanelTiles(kernel.vector, kernel.unroll, group, panels)
        for kernel, own in zip(kernels, clocks, strict=True)
        if own <= limit
        for group in row_groups(shape, kernel.vector)
        for panels in divisors(shape.panels, shape.panels)
    ]
    estimates = {tiles: estimate(shape, tiles, target) for tiles in found}
    order = sorted(found, key=lambda tiles: estimates[tiles])
    return [tiles for tiles in order if estimates[tiles] <= within * estimates[order[0]]][:most]


def _kernels(
    shape: PanelShape, target: CpuTarget, some: Sequence[tuple[int, ...]]
) -> list[PanelTiles]:
    """Kernels of some rows, on all rows there are."""
    return [
        PanelTiles(vector, unroll, shape.rows, 1)
        for vector in some
        for unroll in open_unrolls(shape, vector, target)
    ]


def losses(shape: PanelShape, tiles: PanelTiles, target: CpuTarget) -> list[float]:
    """Clocks of a kernel for a ragged product over those of the best for each of its `lengths`."""
    found = []
    for rows in shape.lengths:
        some = shape.at(rows)
        clocks = _overlapped(some, replace(tiles, group=rows), target)
        found.append(clocks / _least(replace(some, ragged=(), lengths=()), target))
    return found


def _overlapped(shape: PanelShape, tiles: PanelTiles, target: CpuTarget) -> float:
    """Clocks of kernels on one panel, at the least what it takes to get the panel: of few rows a
    core does nothing but wait for the weights."""
    panel = shape.columns * shape.depth * shape.width
    far = shape.panels * panel > target.l2
    return max(_kernels_clocks(shape, tiles, target), panel / SOON if far else 0.0)


@lru_cache(maxsize=4096)
def _least(shape: PanelShape, target: CpuTarget) -> float:
    """Clocks of the best kernel for a product of known rows."""
    kernels = _kernels(shape, target, open_vectors(shape, target))
    return min(_overlapped(shape, tiles, target) for tiles in kernels)


@lru_cache(maxsize=4096)
def open_vectors(shape: PanelShape, target: CpuTarget) -> tuple[tuple[int, ...], ...]:
    """Rows of a kernel whose results stay in registers, and whose body may be unrolled at all; of a
    ragged product, those that lose nothing at any length, else those that lose least."""
    most = most_rows(shape.columns, target, shape.width)
    body = _wide(shape.columns, target, shape.width) * min(unrolls(shape.channels))
    most = min(most, MAX_UNROLLED_REGISTERS // body)
    if not shape.lengths:
        if shape.apart:
            return tuple((*vector, 1) for vector in vectors(shape.rows[:-1], most))
        return tuple(vectors(shape.rows, most))
    # A ragged dim before the innermost is not cut. What is ragged has no groups.
    divided = [1 if place in shape.ragged else rows for place, rows in enumerate(shape.rows)]
    found = vectors((*divided[:-1], shape.rows[-1]), most)
    worst = {
        vector: min(max(losses(shape, each, target)) for each in _kernels(shape, target, [vector]))
        for vector in found
    }
    bound = max(SERVED, min(worst.values()))
    return tuple(vector for vector in found if worst[vector] <= bound)


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


def vectorizes(channels: int) -> bool:
    """Whether some steps of a sum can be unrolled, without which a kernel is scalar code. Where a
    single element is summed there is nothing to unroll."""
    return channels == 1 or unrolls(channels) != [1]


def unrolls(channels: int) -> list[int]:
    """Steps of the sum that are unrolled. One would be folded away, and IREE then vectorizes
    nothing."""
    return [n for n in (2, 4, 8, channels) if channels % n == 0 and n <= 8] or [1]


def row_groups(shape: PanelShape, vector: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Rows of a workgroup: all, or a part of the outermost dim that can be cut into whole kernels;
    of a ragged product, some kernels of its innermost ragged dim and one row of the others."""
    rows = shape.rows
    if shape.ragged:
        *others, last = shape.ragged
        whole = [1 if place in others else extent for place, extent in enumerate(rows)]
        sizes = [vector[last] << n for n in range(GROUP.bit_length())]
        least = min(GROUP // 8, rows[last])
        return [
            (*whole[:last], size, *whole[last + 1 :]) for size in sizes if least <= size <= GROUP
        ]
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
