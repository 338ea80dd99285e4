# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: products with packed weights (`decisions/pack_weights.py`), in panels of columns.

IREE's DoubleTilingExpert vectorizes neither a window nor rows that a tile does not divide. Its own
list of passes does, with unit dims folded before vectors are made, and loops peeled where something
is left over (`passes/codegen/cpu/direct_convolution.passlist`, `peeled_convolution.passlist`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from ...errors import InputError
from ...ir.analysis import Panels, panels
from ...ir.lengths import lengths
from ...ir.workload import Op, Workload
from ...iree import attributes, library
from ...iree.attributes import LOWERING, TRANSLATION, Configured
from ...language.sampling import admits, draw
from ...language.schedule import Schedule
from ...language.space import Choice, Knob, Mark, Pick, Step, Value
from ..backend import Configuration
from ..features import SKETCH, Features, log
from .limits import MAX_WORKGROUPS
from .panel_estimate import (
    PanelShape,
    PanelTiles,
    best,
    default_clocks,
    divisors,
    estimate,
    kernel_share,
    leading,
    open_unrolls,
    open_vectors,
    row_groups,
)
from .pipeline import LEVELS, CpuPipeline, CpuTask

WHOLE, PEELED = "codegen/cpu/direct_convolution", "codegen/cpu/peeled_convolution"


class Panel(CpuPipeline):
    """Rows of a kernel, steps of the sum that are unrolled, rows and panels of a workgroup.

    Sizes that are not asked have one value alone: 1 in a kernel, all in a workgroup. Rows of any
    number are cut into kernels that serve all of them; the last kernel is masked.
    """

    token, number, name = "pipeline:panel", 5, "panels"

    def suits(self, workload: Workload) -> bool:
        """Products with packed weights alone."""
        return panels(workload) is not None

    def any_length(self, workload: Workload) -> Collection[int]:
        """The rows: what whole kernels leave over is peeled, and masked."""
        found = panels(workload)
        return found.read if found else ()

    def applies(self, task: CpuTask) -> bool:
        """To products with packed weights."""
        return task.workload.static and panels(task.workload) is not None

    def knobs(self, task: CpuTask) -> Step[None]:
        """The kernel's rows and steps first, then the workgroup's rows and panels."""
        found, shape = _found(task.workload)
        yield Mark("@vector")
        kernels = open_vectors(shape, task.target)
        vector = yield from _picked("vector", found.rows, kernels, (1,) * len(found.rows))
        yield Mark("@reduce")
        if shape.channels > 1:
            yield Pick("reduce", found.summed[-1], tuple(open_unrolls(shape, vector, task.target)))
        yield Mark("@distribute")
        groups = row_groups(shape, vector)
        fits = [group for group in groups if _parts(shape, group) <= MAX_WORKGROUPS]
        group = yield from _picked("distribute", found.rows, fits or groups[:1], shape.rows)
        least = -(-shape.panels * _parts(shape, group) // MAX_WORKGROUPS)
        counts = tuple(n for n in divisors(shape.panels, shape.panels) if n >= least)
        if len(counts) > 1:
            yield Pick("distribute", found.panel, counts)

    def configure(self, task: CpuTask, schedule: Schedule) -> Configuration:
        """The list of passes, which peels where a kernel does not divide a workgroup's rows."""
        found, shape = _found(task.workload)
        tiles = tiles_of(found, shape, schedule)
        peels = any(
            g % v or (place in shape.ragged and v > 1)
            for place, (g, v) in enumerate(zip(tiles.group, tiles.vector, strict=True))
        )
        info = attributes.pass_list_info(library.pass_list(PEELED if peels else WHOLE))
        ops = tuple(
            {LOWERING: self._levels(task.workload, op, found, tiles)} for op in task.workload.ops
        )
        return Configuration({TRANSLATION: info}, ops)

    def _levels(self, workload: Workload, op: Op, found: Panels, tiles: PanelTiles) -> str:
        """The config of one op: the root's workgroups, and vectors along the dims that it has."""
        vector = dict(zip(found.rows, tiles.vector, strict=True))
        vector |= {found.panel: 1, found.column: workload.extents[found.column]}
        group = dict(zip(found.rows, tiles.group, strict=True))
        group |= {found.panel: tiles.panels, found.column: 0}
        reduce = {**dict.fromkeys(found.summed, 1), found.summed[-1]: tiles.unroll}
        levels = {}
        if op is workload.root_op:
            extents = {**dict(enumerate(workload.extents)), **dict.fromkeys(workload.any_length, 0)}
            whole = {dim for dim, size in group.items() if size == extents[dim]}
            levels[LEVELS["distribute"]] = [0 if d in whole else group.get(d, 0) for d in op.loops]
        levels[LEVELS["vector"]] = [vector.get(dim, 0) for dim in op.loops]
        levels[LEVELS["reduce"]] = [
            reduce[dim] if dim in op.dims("reduction") else 0 for dim in op.loops
        ]
        return attributes.cpu_config({n: attributes.level(sizes) for n, sizes in levels.items()})

    def read_back(self, task: CpuTask, configured: Configured) -> Schedule | None:
        """The schedule that wrote a configuration; the default for what IREE does by itself, whose
        estimate is known."""
        found, shape = _found(task.workload)
        root = task.workload.root_op
        op = next((op for op in configured.ops if op.sizes(LEVELS["distribute"])), None)
        if configured.translation.pipeline or op is None:
            return task.default
        vector, reduce, group = (
            dict(zip(root.loops, op.sizes(LEVELS[name]), strict=True))
            for name in ("vector", "reduce", "distribute")
        )
        extents = zip(found.rows, shape.rows, strict=True)
        tiles = PanelTiles(
            vector=tuple(vector[dim] for dim in found.rows),
            unroll=reduce[found.summed[-1]],
            group=tuple(group[dim] or extent for dim, extent in extents),
            panels=group[found.panel] or shape.panels,
        )
        return _schedule(task, found, tiles)

    def fixed(self, workload: Workload) -> dict[int, int]:
        """A kernel has one panel, and all of its columns."""
        found, shape = _found(workload)
        return {found.panel: 1, found.column: shape.columns}

    def special(self, task: CpuTask) -> tuple[int, int, int] | None:
        """The dim of ragged rows and a range of one, where kernels for any number have several: one
        row is what a decoding computes."""
        found, shape = _found(task.workload)
        if len(shape.ragged) != 1 or (1,) == tuple(sorted({math.prod(r) for r in shape.lengths})):
            return None
        (place,) = shape.ragged
        alone = any(rows[place] == 1 for rows in shape.lengths)
        several = best(shape, task.target).vector[place] > 1
        return (found.rows[place], 1, 1) if alone and several else None

    def features(self, task: CpuTask, schedule: Schedule) -> Features:
        """The estimate, beside that of the sketch, and what it counts of a kernel."""
        found, shape = _found(task.workload)
        tiles = tiles_of(found, shape, schedule)
        least = estimate(shape, best(shape, task.target), task.target)
        return {
            SKETCH: log(estimate(shape, tiles, task.target) / least),
            "sketch a product": log(least / math.prod(task.workload.extents)),
            "kernel clocks a product": log(kernel_share(shape, tiles, task.target)),
            "peels": sum(g % v != 0 for g, v in zip(tiles.group, tiles.vector, strict=True)),
        }

    def sketches(self, task: CpuTask) -> list[Schedule]:
        """The schedule with the least estimate."""
        found, shape = _found(task.workload)
        return [_schedule(task, found, best(shape, task.target))]

    def leading(self, task: CpuTask, most: int, within: float) -> list[Schedule]:
        """The schedules with the least estimates, that of the sketch first: at most so many, and
        none over `within` times the least. Tiles that the space has not are left out."""
        found, shape = _found(task.workload)
        some = dict.fromkeys([best(shape, task.target), *leading(shape, task.target, most, within)])
        schedules = (_open(task, found, shape, tiles) for tiles in some)
        return [schedule for schedule in schedules if schedule is not None][:most]

    def estimate(self, task: CpuTask, schedule: Schedule) -> float:
        """Clocks of the dispatch under a schedule, or as IREE lowers it by itself."""
        found, shape = _found(task.workload)
        if schedule.is_default:
            return default_clocks(shape, task.target)
        return estimate(shape, tiles_of(found, shape, schedule), task.target)


def _found(workload: Workload) -> tuple[Panels, PanelShape]:
    found = panels(workload)
    assert found is not None
    return found, shape_of(workload, found)


def shape_of(workload: Workload, found: Panels) -> PanelShape:
    """The sizes of a product with packed weights."""
    extents = workload.extents
    channels = extents[found.summed[-1]]
    return PanelShape(
        rows=tuple(extents[dim] for dim in found.rows),
        panels=extents[found.panel],
        columns=extents[found.column],
        channels=channels,
        window=math.prod(extents[dim] for dim in found.summed[:-1]),
        reads=math.prod(extents[dim] for dim in found.read) * channels,
        width=max(operand.bytes for operand in workload.root_op.inputs),
        stride=_stride(workload, found),
        apart=bool(found.apart),
        ragged=tuple(place for place, d in enumerate(found.rows) if d in workload.any_length),
        lengths=tuple(
            tuple(some.extents[dim] for dim in found.rows) for some in lengths(workload)
        ),
    )


def _stride(workload: Workload, found: Panels) -> int:
    """Bytes between two rows of the other factor: what of it lies behind the innermost dim of the
    rows."""
    (other,) = (
        operand
        for operand in workload.root_op.inputs
        if not any(dim == found.column for index in operand.indices for dim, _ in index.terms)
    )
    inside = other.bytes
    rows = [dim for dim in found.rows if dim not in found.apart]
    for index in reversed(other.indices):
        factors = dict(index.terms)
        if rows and rows[-1] in factors:
            return inside * factors[rows[-1]]
        inside *= math.prod(workload.extents[dim] for dim in factors)
    return 0


def tiles_of(found: Panels, shape: PanelShape, schedule: Schedule) -> PanelTiles:
    """The tiles that a schedule says."""
    pairs = list(zip(found.rows, shape.rows, strict=True))
    return PanelTiles(
        vector=tuple(schedule.size("vector", dim, 1) for dim, _ in pairs),
        unroll=schedule.size("reduce", found.summed[-1], 1),
        group=tuple(schedule.size("distribute", dim, extent) for dim, extent in pairs),
        panels=schedule.size("distribute", found.panel, shape.panels),
    )


def _schedule(task: CpuTask, found: Panels, tiles: PanelTiles) -> Schedule:
    """The schedule that says some tiles."""
    sizes = {("vector", dim): size for dim, size in zip(found.rows, tiles.vector, strict=True)}
    sizes |= {("distribute", dim): size for dim, size in zip(found.rows, tiles.group, strict=True)}
    sizes |= {("distribute", found.panel): tiles.panels, ("reduce", found.summed[-1]): tiles.unroll}

    def choose(knob: Knob) -> Value:
        value = PANEL.token if isinstance(knob, Choice) else sizes[knob.name, knob.dim]
        if not admits(knob, value):
            raise InputError(f"{knob.name} of dim {knob.dim} cannot be {value}; it is not open")
        return value

    return draw(task.space(), choose)


def _open(
    task: CpuTask, found: Panels, shape: PanelShape, tiles: PanelTiles
) -> Schedule | None:
    """The schedule that says some tiles; None where the space has none that does."""
    try:
        schedule = _schedule(task, found, tiles)
    except InputError:
        return None
    return schedule if tiles_of(found, shape, schedule) == tiles else None


def _parts(shape: PanelShape, group: Sequence[int]) -> int:
    """Parts that workgroups cut the rows into."""
    return math.prod(-(-rows // part) for rows, part in zip(shape.rows, group, strict=True))


def _picked(
    name: str, dims: Sequence[int], options: Sequence[tuple[int, ...]], unasked: tuple[int, ...]
) -> Step[tuple[int, ...]]:
    """Decides among tuples of sizes, one for each dim, the innermost first; asks nothing where that
    alone is open which is `unasked`."""
    for place in reversed(range(len(dims))):
        sizes = tuple(sorted({option[place] for option in options}))
        if sizes != (unasked[place],):
            size = yield Pick(name, dims[place], sizes)
            options = [option for option in options if option[place] == size]
    return options[0]


PANEL = Panel()
