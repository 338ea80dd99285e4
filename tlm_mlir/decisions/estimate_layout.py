# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An analytic estimate of a convolution in each of the layouts that may be chosen for it.

Only ratios of estimates mean anything: clocks are turned into seconds at a nominal rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..ir.analysis import window
from ..ir.sources import COMPUTED, CONSTANT, OPENING, STORED
from ..ir.workload import Workload
from ..language.schedule import LEAVE
from ..targets.cpu.default_loops import vector_size
from ..targets.cpu.matmul_clocks import (
    DISPATCH,
    Factor,
    Matmul,
    default_clocks,
    tiled_clocks,
)
from ..targets.cpu.panel_estimate import PanelShape, best, estimate, open_blocks
from ..targets.target import CpuTarget
from .channels_last import LAST
from .estimate_packing import HERTZ
from .im2col_script import IM2COL

GATHERED = 1.5
"""Bytes of windows that one clock of im2col writes."""
CHANNELS_LAST = {512: 0.9, 256: 0.7}
SPILLED = 0.4
"""Share of the peak arithmetic that IREE's default reaches on NHWC convolutions, by vector width.
SPILLED is what is left of it where short vectors of eight channels run out of registers."""
CHANNELS_FIRST = {512: 0.07, 256: 0.055}
SPILLED_FIRST = 0.04
"""Share of the peak arithmetic on NCHW convolutions for each point of a vector tile, by vector
width. SPILLED_FIRST holds where registers run out."""
POINTS, STRIDED, STRIDED_POINTS = 0.25, 0.12, 0.02
"""Share of the peak arithmetic on NCHW convolutions with a window of one point, with a stride over
one, and with both."""
NARROW_LAST, NARROW_FIRST = 0.6, 0.3
"""Factor on the shares above for elements narrower than 32 bits, on NHWC and on NCHW."""
GROUPED = 1.4
"""Clocks of a product where channels are in groups, which IREE does not vectorize."""
PAGED, LOOKUP = 12 << 20, 90.0
"""Bytes of filters that the second table of pages covers (3,072 of 4 KiB), and clocks of reading a
row of them where it does not: 7x7x960 with a window of 3x3x480 takes 51.8 ms, 4.1 ms packed."""
BEHIND = 1.25
"""IREE's own code for NHWC convolutions over its estimate, about the median of the records' 93 ones
of f32: the estimate is what it reaches at its best. Packing has to be faster."""
TURNED, JOINED = 1.2, 4.0
"""Bytes that one clock transposes, and where another dispatch does it besides."""


def seconds(
    workload: Workload, target: CpuTarget, sources: Sequence[str], option: str
) -> float:
    """Seconds of a convolution under an option. `sources` has one for each input of the root op."""
    return _clocks(workload, target, sources, option) / HERTZ


def channels_first(workload: Workload) -> bool:
    """Whether the result of a convolution ends in rows and columns (NCHW)."""
    (innermost,) = workload.root_op.outputs[0].indices[-1].terms
    return innermost[0] in {outer for outer, _ in window(workload)}


def _clocks(
    workload: Workload, target: CpuTarget, sources: Sequence[str], option: str
) -> float:
    """Clocks of a convolution."""
    found = read_convolution(workload)
    if found.window == 1 and not found.first:
        # IREE makes a matmul of it by itself.
        return 0.0 if option == LEAVE else math.inf
    if found.groups and option == LEAVE:
        return GROUPED * math.prod(workload.extents) / max(1, target.cores)
    cores = max(1, target.cores)
    if option == IM2COL:
        windowed = found.window > 1 or found.stride > 1
        gathering = found.gathered / GATHERED / cores + DISPATCH if windowed else 0.0
        shape = as_matmul(workload, found, sources)
        if sources[_image(workload)] == COMPUTED:
            # Between convolutions with channels last, what it reads and gives is turned.
            gathering += _ends(workload, found) / JOINED / cores
        elif sources[_image(workload)] == OPENING:
            gathering += _results(workload, found) / JOINED / cores
        return gathering + min(default_clocks(shape, target), tiled_clocks(shape, target))
    if option == LAST:
        return _moved_clocks(workload, found, target, sources)
    return _own_clocks(workload, found, target)


def _own_clocks(workload: Workload, found: Convolution, target: CpuTarget) -> float:
    """Clocks of IREE's default."""
    vectors = (1.0 if target.vector_bits == 512 else 2.0) * target.vector_bytes / 4
    clocks = math.prod(workload.extents) / (vectors * _share(found, target))
    return (clocks + _paging(found, target)) / max(1, target.cores)


def _paging(found: Convolution, target: CpuTarget) -> float:
    """Clocks of looking up pages: IREE's default reads a row of the filters for each channel of a
    window, for each row of points again."""
    filters = found.window * found.channels * found.filters * found.bytes
    if found.first or filters < PAGED:
        return 0.0
    lanes = target.vector_bytes // 4
    vectors = found.batch * found.points[0] * -(-found.filters // lanes)
    return LOOKUP * vectors * found.window * found.channels


def _moved_clocks(
    workload: Workload, found: Convolution, target: CpuTarget, sources: Sequence[str]
) -> float:
    """Clocks of a convolution with channels last, whose filters are packed where that can be."""
    image = _image(workload)
    cores = max(1, target.cores)
    turned = 0.0
    if sources[image] == STORED:
        # A program of few ops: what it reads and gives is turned in every call.
        turned = _ends(workload, found) / TURNED / cores
    elif sources[image] == OPENING:
        turned = _images(found) / TURNED / cores
    ways = [
        estimate(shape, best(shape, target), target)
        for shape in panel_shapes(workload, found)
        if sources[1 - image] == CONSTANT
    ]
    packed = min(ways, default=math.inf)
    # Filters that stay as they are were never worth it: what is turned back behind IREE's own code
    # makes that many times slower.
    if found.window > 1 and not found.groups:
        last = replace(found, first=False)
        left = _own_clocks(workload, last, target) * BEHIND
        packed = packed if packed < left else math.inf
    return turned + packed


def _ends(workload: Workload, found: Convolution) -> float:
    """Bytes of the image and of the result."""
    return _results(workload, found) + _images(found)


def _results(workload: Workload, found: Convolution) -> float:
    results = found.batch * max(1, found.groups) * found.filters * math.prod(found.points)
    return results * workload.root_op.inputs[_image(workload)].bytes


def _images(found: Convolution) -> float:
    """Bytes of the image, as if no two windows shared a point of it and none was left out."""
    return found.gathered / found.window


def panel_shapes(workload: Workload, found: Convolution) -> list[PanelShape]:
    """The products that packing the filters makes of a convolution, one for each width of panels
    (`decisions/weights.py`)."""
    if workload.root_op.inputs[0].dtype != "f32" or (found.batch > 1 and found.stride > 1):
        return []
    rows = (found.batch, *found.points) if found.batch > 1 else found.points
    if found.groups:
        rows = (*rows, found.groups)
    return [
        PanelShape(
            rows=rows,
            panels=found.filters // block,
            columns=block,
            channels=found.channels,
            window=found.window,
            reads=found.batch * math.prod(found.points) * found.channels * max(1, found.groups),
            apart=found.groups > 0,
        )
        for block in open_blocks(found.filters, found.channels, found.groups > 0)
    ]


@dataclass(frozen=True)
class Convolution:
    """What the estimate reads of a convolution: extents, points of the window, the longest step,
    bytes of all windows. `groups` is 0 where it has none; filters and channels are those of one."""

    first: bool
    batch: int
    filters: int
    points: tuple[int, ...]
    channels: int
    window: int
    stride: int
    bytes: int
    gathered: int
    groups: int = 0


def read_convolution(workload: Workload) -> Convolution:
    """The convolution that a workload's root is."""
    root, extents = workload.root_op, workload.extents
    pairs = window(workload)
    points = [outer for outer, _ in pairs]
    inner = [dim for _, dim in pairs]
    image = root.inputs[_image(workload)]
    slides = [dict(index.terms) for index in image.indices if len(index.terms) == 2]
    seen = {dim for index in image.indices for dim, _ in index.terms}
    parallel, summed = root.dims("parallel"), root.dims("reduction")
    others = [operand for operand in root.inputs if operand is not image]
    of_filters = {dim for other in others for index in other.indices for dim, _ in index.terms}
    groups = [dim for dim in parallel if dim in seen & of_filters]

    def size(dims: Iterable[int]) -> int:
        return math.prod(extents[dim] for dim in dims)

    return Convolution(
        first=channels_first(workload),
        batch=size(dim for dim in parallel if dim in seen and dim not in (*points, *groups)),
        filters=size(dim for dim in parallel if dim not in seen),
        points=tuple(extents[dim] for dim in points),
        channels=size(dim for dim in summed if dim not in inner),
        window=size(inner),
        stride=max(step[dim] for step in slides for dim in points if dim in step),
        bytes=image.bytes,
        gathered=size(seen) * image.bytes,
        groups=size(groups) if groups else 0,
    )


def _image(workload: Workload) -> int:
    """Which input of a convolution the window slides over."""
    return next(
        place
        for place, operand in enumerate(workload.root_op.inputs)
        if any(len(index.terms) == 2 for index in operand.indices)
    )


def _share(found: Convolution, target: CpuTarget) -> float:
    """Share of the arithmetic that IREE's default reaches (KernelDispatch.cpp, setConvRootConfig:
    vectors of a register of filters, eight points and eight channels, or what divides)."""
    lanes = target.vector_bytes // 4
    filled = vector_size(found.filters, lanes, lanes) / lanes
    points = vector_size(found.points[-1], 8, lanes)
    width = 512 if target.vector_bits == 512 else 256
    spilled = width == 256 and found.bytes == 4 and vector_size(found.channels, 8, lanes) == 8
    if not found.first:
        share = CHANNELS_LAST[width] * filled * min(1.0, points / 3)
        share *= NARROW_LAST if found.bytes < 4 else 1.0
        return share * SPILLED if spilled else share
    if found.stride > 1:
        return STRIDED if found.window > 1 else STRIDED_POINTS
    if found.window == 1:
        return POINTS
    share = SPILLED_FIRST if spilled else CHANNELS_FIRST[width]
    share *= NARROW_FIRST if found.bytes < 4 else 1.0
    return share * filled**2 * points


def as_matmul(workload: Workload, found: Convolution, sources: Sequence[str]) -> Matmul:
    """The matmul that im2col makes of a convolution: filters by points where channels are first,
    points by filters where they are last."""
    root, image = workload.root_op, _image(workload)
    dtype, bytes_ = root.inputs[image].dtype, root.inputs[image].bytes
    windows = Factor(dtype, bytes_, not found.first, COMPUTED)
    filters = Factor(dtype, bytes_, found.first, sources[1 - image])
    points, k, out = math.prod(found.points), found.window * found.channels, root.outputs[0].dtype
    if found.first:
        return Matmul(found.batch, found.filters, points, k, filters, windows, out)
    return Matmul(found.batch, points, found.filters, k, windows, filters, out)
