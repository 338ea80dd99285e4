# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packing of weights alone, decided at the end of the phase `global-optimization`.

A contraction or a convolution whose weights are known when the program loads may have them packed
in panels of columns (`pack_weights.py`), once, at load. What is computed stays as it lies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from ..ir.analysis import window
from ..ir.graph import find_products
from ..ir.lengths import lengths
from ..ir.sources import CONSTANT
from ..ir.workload import Workload
from ..iree.passes import CANONICALIZE, CSE, HOIST_INTO_GLOBALS
from ..iree.phases import GLOBAL_OPTIMIZATION
from ..iree.program_passes import run_on_program
from ..language.schedule import LEAVE, Decision, Schedule
from ..language.space import Choice, Mark, Pick, Space
from ..targets.cpu.panel_estimate import PanelShape, best, estimate, open_blocks
from ..targets.target import CpuTarget
from ..targets.task import Task
from . import estimate_layout, estimate_packing
from .estimate_packing import HERTZ
from .graph import NAME, GraphQuestion, find_sites
from .pack_weights import Form, find_form, pack_weights
from .point import DecisionPoint, Site

PACKED, BLOCK = "graph:packed", "@block"
CLEARLY = 0.95
"""Share of the estimate of IREE's own code that packing has to stay under."""
BYTES = 4
"""Of an element: what is packed is f32."""
UNKNOWN_SHARE = 0.1
"""Share of the arithmetic that IREE's default reaches on ops that no other estimate tells of."""


@dataclass(frozen=True)
class WeightsQuestion(GraphQuestion):
    """Whether an op's weights are packed, and how wide a panel is. They are floats of 32 bits."""

    token: str = "weights"
    margin: float | None = 0.0
    complete: ClassVar[bool] = True

    def space(self, task: Task[Any]) -> Space:
        """The choice, and the columns of a panel."""
        form = _form(task.workload, task.sources)
        option = yield Choice(NAME, (LEAVE, PACKED) if form else (LEAVE,))
        if option == PACKED and form is not None:
            yield Mark(BLOCK)
            yield Pick("block", -1, blocks(form))

    def sketches(self, task: Task[Any]) -> list[Schedule]:
        """Every block."""
        form = _form(task.workload, task.sources)
        if form is None:
            return []
        packed = Decision(NAME, -1, PACKED)
        return [Schedule((packed, Decision("block", -1, block))) for block in blocks(form)]

    def estimate(self, task: Task[Any], schedule: Schedule) -> float:
        """Seconds of an op; of one that is left alone, as the better of IREE's code and data tiling
        has it. Of a dynamic one, at the length at which packing gains least."""
        left = seconds_left(task.workload, task.target, task.sources)
        if schedule.is_default:
            return left
        form = _form(task.workload, task.sources)
        assert form is not None
        shape = panel_shape(form, schedule.size("block", -1))
        tiles = best(shape, task.target)
        if not shape.lengths:
            return estimate(shape, tiles, task.target) / HERTZ
        return left * max(
            estimate(shape.at(rows), tiles, task.target)
            / (HERTZ * seconds_left(some, task.target, task.sources))
            for rows, some in zip(shape.lengths, lengths(task.workload), strict=True)
        )


def _form(workload: Workload, sources: Sequence[str]) -> Form | None:
    """The form of an op by the first input that is known at load, or could be where `sources` does
    not tell; None where nothing can be packed."""
    if any(operand.dtype != "f32" for operand in workload.root_op.inputs):
        return None
    for weight in (1, 0):
        if weight < len(workload.root_op.inputs) and (not sources or sources[weight] == CONSTANT):
            form = find_form(workload, weight)
            if form is not None and blocks(form):
                return form
    return None


def blocks(form: Form) -> tuple[int, ...]:
    """Columns that a panel may have."""
    columns, channels = form.extents[form.columns], form.extents[form.summed[-1]]
    return open_blocks(columns, channels, grouped(form))


def panel_shape(form: Form, block: int) -> PanelShape:
    """The sizes of an op once its weights are packed."""
    extents = form.extents
    *window, channels = (extents[dim] for dim in form.summed)
    rows = tuple(extents[dim] for dim in form.rows)
    read = {access.dim for access in form.accesses}
    return PanelShape(
        rows=rows,
        panels=extents[form.columns] // block,
        columns=block,
        channels=channels,
        window=math.prod(window),
        reads=math.prod(extents[dim] for dim in form.rows if dim in read) * channels,
        stride=_stride(form),
        apart=grouped(form),
        ragged=tuple(place for place, dim in enumerate(form.rows) if dim in form.dynamic),
        lengths=tuple(tuple(some[dim] for dim in form.rows) for some in form.lengths),
    )


def grouped(form: Form) -> bool:
    """Whether an op is a convolution of groups of channels, each with weights of its own."""
    slides = any(access.window >= 0 for access in form.accesses)
    return slides and len(form.outer) == 1 and form.rows[-1:] == form.outer


def _stride(form: Form) -> int:
    """Bytes between two rows of the other factor: what of it lies behind the innermost dim of the
    rows."""
    inside = BYTES
    rows = form.rows[:-1] if grouped(form) else form.rows
    for access in reversed(form.accesses):
        if rows and access.dim == rows[-1]:
            return inside * access.stride
        inside *= form.extents[access.dim]
    return 0


def seconds_left(workload: Workload, target: CpuTarget, sources: Sequence[str]) -> float:
    """Seconds of an op whose weights are not packed."""
    sources = sources or (CONSTANT,) * len(workload.root_op.inputs)
    if window(workload):
        own = estimate_layout.seconds(workload, target, sources, LEAVE)
        return estimate_layout.BEHIND * own
    if estimate_packing.read_matmul(workload, sources) is None:
        lanes = target.vector_bytes / 4
        return math.prod(workload.extents) / (lanes * UNKNOWN_SHARE * max(1, target.cores)) / HERTZ
    by_iree, tiled = (
        estimate_packing.seconds(workload, target, sources, packed) for packed in (False, True)
    )
    # What is dynamic is not tiled (`decisions/packing.py`).
    return CLEARLY * by_iree if workload.any_length else min(CLEARLY * by_iree, tiled)


class Weights(DecisionPoint):
    """The packing of the weights of each product of a program."""

    name = "weights"
    phase = GLOBAL_OPTIMIZATION

    def find(self, module: ir.Operation, cores: int) -> list[Site]:
        """The products of a module that read what is known at load."""
        return find_sites(self.name, QUESTION, module, find_products(module), cores)

    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        """Packs weights, and moves what that does to constants to where the program loads."""
        picked = [
            (site, schedule)
            for site, schedule in zip(sites, schedules, strict=True)
            if schedule is not None and not schedule.is_default
        ]
        if not picked:
            return
        for site, schedule in picked:
            assert site.task is not None
            form = _form(site.task.workload, site.task.sources)
            assert form is not None
            pack_weights(site.operation, form, schedule.size("block", -1))
        run_on_program(module, (HOIST_INTO_GLOBALS,), (CANONICALIZE, CSE))


QUESTION = WeightsQuestion()
