# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""vulkan-spirv: matmuls of 16-bit floats by cooperative matrices (CooperativeMatrixVectorize).

IREE's pipeline has four levels: a workgroup's tile, a subgroup's, a step of the sum, and one
instruction's. The results pass through shared memory, and each step's inputs, several of them where
loads run ahead.
"""

from __future__ import annotations

from ...ir.analysis import contraction, spread
from ...ir.traffic import moved
from ...iree import attributes
from ...iree.attributes import TRANSLATION, Configured
from ...language.schedule import Decision, Schedule
from ...language.space import Choice, Mark, Pick, Step
from ..backend import Configuration
from ..gpu import matrix, matrix_estimate
from ..gpu.intrinsics import ELEMENT, Intrinsic
from ..gpu.machine import Demand
from ..gpu.matrix import Dims, Tiles
from ..gpu.pipeline import MAX_SPREAD, GpuPipeline, GpuTask, at_root, divisors
from ..gpu.read_back import scheduled
from .pipeline import served, translation_info
from .stages import DEPTHS, STAGES, pipeline_options, stages_of

NAME = "CooperativeMatrixVectorize"
MAX_TILES = 16
"""Most tiles of results of a subgroup: each takes eight registers of every invocation."""
MAX_STEP = 8
RESULT = 4
"""Bytes of a result in shared memory."""


class Cooperative(GpuPipeline):
    """Tiles of subgroups and workgroups, and steps, in whole instructions."""

    token, number = "pipeline:matrix", 3

    def applies(self, task: GpuTask) -> bool:
        """To matmuls of whole instructions."""
        suits = served(task) and spread(task.workload) <= MAX_SPREAD
        return suits and multiplied(task) is not None

    def knobs(self, task: GpuTask) -> Step[None]:
        """Stages, tiles of a subgroup, subgroups of a workgroup, how deep a step is."""
        found, target = multiplied(task), task.target
        assert found is not None
        dims, row = found
        m, n, k = (task.workload.extents[dim] for dim in (dims.m, dims.n, dims.k))
        yield Choice("stage", STAGES)
        ahead = yield Choice("depth", DEPTHS)
        line = _copies(str(ahead)) * row.depth * ELEMENT

        def held(rows: int, columns: int) -> int:
            return rows * columns * RESULT + (rows + columns) * line

        def fitting(extent: int, unit: int, other: int, most: int) -> tuple[int, ...]:
            """Multiples of a unit that divide an extent and fit beside the tile's other side."""
            found = divisors(extent // unit, max(1, most))
            return tuple(c for c in found if c == 1 or held(other, c * unit) <= target.shared)

        yield Mark("@subgroup")
        wide = yield Pick("subgroup", dims.n, fitting(n, row.columns, row.rows, MAX_TILES))
        beside = wide * row.columns
        high = yield Pick("subgroup", dims.m, fitting(m, row.rows, beside, MAX_TILES // wide))
        yield Mark("@group")
        most = min(target.threads, target.group[0]) // row.subgroup
        x = yield Pick("group", dims.n, fitting(n, beside, high * row.rows, most))
        most = min(target.threads // row.subgroup // x, target.group[1])
        y = yield Pick("group", dims.m, fitting(m, high * row.rows, x * beside, most))
        yield Mark("@reduce")
        rows, columns = y * high * row.rows, x * beside
        deep = (target.shared - rows * columns * RESULT) // ((rows + columns) * line)
        yield Pick("reduce", dims.k, divisors(k // row.depth, max(1, min(MAX_STEP, deep))))

    def configure(self, task: GpuTask, schedule: Schedule) -> Configuration:
        """Levels of the root op: tiles of a workgroup, a subgroup, a step, an instruction."""
        found = multiplied(task)
        assert found is not None
        dims, row = found
        loops = task.workload.root_op.loops
        unit = dict(zip((dims.m, dims.n, dims.k), row.unit, strict=True))
        sizes = [schedule.size("subgroup", dim, 1) * unit.get(dim, 1) for dim in loops[:-1]]
        counts = [schedule.size("group", dim, 1) for dim in loops[:-1]]
        group = [size * count for size, count in zip(sizes, counts, strict=True)]
        step = [0 for _ in sizes] + [schedule.size("reduce", dims.k, 1) * row.depth]
        levels = [group, sizes, step, [unit.get(dim, 1) for dim in loops]]
        x, y = (schedule.size("group", dim, 1) for dim in (dims.n, dims.m))
        info = translation_info(
            NAME,
            [row.subgroup * x, y],
            subgroup=row.subgroup,
            options=pipeline_options(schedule),
        )
        config = attributes.spirv_config(levels)
        return Configuration({TRANSLATION: info}, at_root(task.workload, config))

    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """The decisions about an instruction of ours."""
        found = multiplied(task)
        levels = next((op.tile_sizes for op in configured.ops if op.tile_sizes), [])
        if configured.translation.pipeline != NAME or found is None or len(levels) != 4:
            return None
        dims, row = found
        group, subgroup, step, unit = levels
        if tuple(unit[-3:]) != row.unit:
            return None
        decisions = stages_of(configured)
        for dim, place in ((dims.n, -1), (dims.m, -2)):
            decisions += [
                Decision("subgroup", dim, subgroup[place] // unit[-1]),
                Decision("group", dim, group[place] // subgroup[place]),
            ]
        decisions.append(Decision("reduce", dims.k, step[-1] // unit[-1]))
        return scheduled(self.token, decisions)

    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """What the matmul asks for."""
        workload, target = task.workload, task.target
        return matrix_estimate.demand(workload, target, self.tiles(task, schedule), moved(workload))

    def tiles(self, task: GpuTask, schedule: Schedule) -> Tiles:
        """How a schedule builds a workgroup."""
        found = multiplied(task)
        assert found is not None
        dims, row = found
        copies = _copies(schedule.choice("depth"))
        return matrix.built(dims, row.unit, schedule, copies=copies, result=RESULT)


def multiplied(task: GpuTask) -> tuple[Dims, Intrinsic] | None:
    """The dims of a matmul, batched or not, that cooperative matrices multiply, and the
    instruction; None where they cannot: IREE wants one dim of rows, of columns and of the sum, in
    that order, and others before."""
    workload = task.workload
    contracted, found = contraction(workload), matrix.multiplied(workload, task.target)
    if contracted is None or found is None:
        return None
    if any(len(d) != 1 for d in (contracted.m, contracted.n, contracted.k)):
        return None
    dims, row = found
    # IREE fails on a power beside the product, in its own choice as well.
    powers = any(line.startswith("fpowi") for op in workload.ops for line in op.body)
    if task.target.subgroup != row.subgroup or powers:
        return None
    return found if workload.root_op.loops[-3:] == (dims.m, dims.n, dims.k) else None


def _copies(ahead: str) -> int:
    """Steps whose inputs are in shared memory at once."""
    return DEPTHS.index(ahead) + 2


COOPERATIVE = Cooperative()
