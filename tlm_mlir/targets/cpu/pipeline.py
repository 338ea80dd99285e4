# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: what its pipelines share: loops are cut into workgroups and these into vectors.

The pipelines and their tiling levels are those of IREE's Codegen/LLVMCPU (KernelDispatch.cpp,
Passes.cpp). A schedule fixes the translation info of the dispatch function and a lowering config
for every structured op in it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ...ir.analysis import inner_dims
from ...ir.workload import Op, Workload
from ...iree import attributes
from ...iree.attributes import LOWERING, TRANSLATION, Configured
from ...language.sampling import admits, draw
from ...language.schedule import PIPELINE, Schedule
from ...language.space import Choice, Knob, Mark, Size, Step, Value
from ..backend import Configuration
from ..target import CpuTarget
from ..task import Task
from .limits import MAX_WORKGROUPS, most_elements

CpuTask = Task[CpuTarget]
LEVELS = {
    "vector": "vector_common_parallel",
    "reduce": "vector_reduction",
    "distribute": "distribution",
    "cache": "cache_parallel",
    "cache_reduce": "cache_reduction",
}
"""Knobs of the root op and IREE's tiling levels."""
INNER = "vector_inner_parallel"
"""IREE's level of the parallel loops that the root op has not."""


class CpuPipeline(ABC):
    """A pipeline that cuts loops into workgroups and vectors. `name` is IREE's."""

    token: ClassVar[str]
    number: ClassVar[int]
    name: ClassVar[str]

    def suits(self, workload: Workload) -> bool:
        """Every pipeline has a token of its own."""
        return True

    def any_length(self, workload: Workload) -> Collection[int]:
        """Dims whose extents may be dynamic: none."""
        return ()

    @abstractmethod
    def applies(self, task: CpuTask) -> bool:
        """Whether it can lower a dispatch."""

    @abstractmethod
    def knobs(self, task: CpuTask) -> Step[None]:
        """The decisions after it was chosen."""

    def fixed(self, workload: Workload) -> dict[int, int]:
        """Vector sizes by dim that the pipeline leaves no choice about."""
        return {}

    def before(self, workload: Workload) -> str:
        """The sequence of `passes/` that rewrites a function before it is configured, or nothing.

        It leaves the number and the order of the structured ops, and their loops, as they are.
        """
        return ""

    def options(self, schedule: Schedule) -> Sequence[str]:
        """Entries of the translation info."""
        return ()

    def levels(self, op: OpLevels) -> dict[str, list[int]]:
        """Tile sizes of an op along its loops, by IREE's level."""
        return {**op.distribution(), **op.vector(), LEVELS["reduce"]: op.reduction()}

    def configure(self, task: CpuTask, schedule: Schedule) -> Configuration:
        """The translation info, and a config for every op."""
        workload = task.workload
        fixed = self.fixed(workload)
        ops = (
            OpLevels(workload, op, place == workload.root, schedule, fixed)
            for place, op in enumerate(workload.ops)
        )
        info = attributes.translation_info(
            attributes.CPU, self.name, options=self.options(schedule)
        )
        return Configuration(
            {TRANSLATION: info},
            tuple({LOWERING: self._config(op)} for op in ops),
            self.before(workload),
        )

    def _config(self, op: OpLevels) -> str:
        return attributes.cpu_config(
            {
                name: attributes.level(sizes, op.interchange() if name == LEVELS["vector"] else ())
                for name, sizes in self.levels(op).items()
            }
        )

    def read_back(self, task: CpuTask, configured: Configured) -> Schedule | None:
        """The schedule closest to a configuration; None where its loops are not the workload's.

        Sizes outside of the space's bounds become the nearest inside.
        """
        sizes = _sizes(task.workload, configured)
        if configured.translation.pipeline != self.name or sizes is None:
            return None
        chosen = {PIPELINE: self.token, **self.chosen(configured)}

        def choose(knob: Knob) -> Value:
            if isinstance(knob, Size):
                return _nearest(knob, sizes.get((knob.name, knob.dim), 0), task.workload)
            assert isinstance(knob, Choice)
            value = chosen.get(knob.name, knob.options[0])
            return value if admits(knob, value) else knob.options[-1]

        return draw(task.space(), choose)

    def chosen(self, configured: Configured) -> dict[str, str]:
        """Options by knob of what IREE chose besides sizes."""
        return {}


@dataclass(frozen=True)
class OpLevels:
    """Tile sizes of one op under a schedule, along its loops."""

    workload: Workload
    op: Op
    is_root: bool
    schedule: Schedule
    fixed: dict[int, int]

    @property
    def common(self) -> set[int]:
        """The op's parallel dims that the root op has as such, too."""
        return set(self.op.dims("parallel")) & set(self.workload.root_op.dims("parallel"))

    @property
    def foreign(self) -> set[int]:
        """The op's other parallel dims."""
        return set(self.op.dims("parallel")) - self.common

    def sizes(self, knob: str, dims: Collection[int], unit: int = 1) -> list[int]:
        """What a knob decided for some dims, `unit` for those of one point; zero for others."""
        found = []
        for dim in self.op.loops:
            if dim not in dims:
                found.append(0)
            elif self.workload.extents[dim] == 1:
                found.append(unit)
            else:
                found.append(self.schedule.size(knob, dim, self.fixed.get(dim, 0)))
        return found

    def distribution(self) -> dict[str, list[int]]:
        """The root's level of workgroups."""
        if not self.is_root:
            return {}
        return {LEVELS["distribute"]: self.sizes("distribute", self.op.dims("parallel"), 0)}

    def vector(self) -> dict[str, list[int]]:
        """The level of vectors along the dims that all ops have."""
        return {LEVELS["vector"]: self.sizes("vector", self.common)}

    def reduction(self) -> list[int]:
        """Sizes of the vectors' level along what is summed over."""
        summed = self.op.dims("reduction")
        found = self.sizes("reduce", summed)
        if self.is_root:
            return found
        inner = self.sizes("inner", summed)
        return [own or other for own, other in zip(found, inner, strict=True)]

    def interchange(self) -> Sequence[int]:
        """The order of the loops where the schedule orders them, by their places."""
        order, loops = self.schedule.order("interchange"), self.op.loops
        if not order or not set(order) <= set(loops):
            return ()
        places = [loops.index(dim) for dim in order]
        found = list(range(len(loops)))
        for slot, place in zip(sorted(places), places, strict=True):
            found[slot] = place
        return found


def large(workload: Workload, dims: Sequence[int]) -> list[int]:
    """The dims with more than one point. Nothing is decided about others."""
    return [dim for dim in dims if workload.extents[dim] > 1]


def vectors(task: CpuTask, tiles: dict[int, int], *, reduces: bool = True) -> Step[None]:
    """Decides the vector sizes of the root's dims, and adds them to `tiles`."""
    root = task.workload.root_op
    yield Mark("@vector")
    yield from vector_sizes("vector", large(task.workload, root.dims("parallel")), task, tiles)
    reduction = large(task.workload, root.dims("reduction"))
    if reduction and reduces:
        yield Mark("@reduce")
        yield from vector_sizes("reduce", reduction, task, tiles)


def vector_sizes(
    name: str, dims: Sequence[int], task: CpuTask, tiles: dict[int, int]
) -> Step[None]:
    """Decides sizes, the innermost dim first, each within what the ones before leave."""
    for dim in reversed(dims):
        if dim not in tiles:
            bound = most_elements(task.workload, task.target, dim, tiles)
            tiles[dim] = yield Size(name, dim, 1, bound)


def distribution(workload: Workload, tiles: dict[int, int]) -> Step[dict[int, int]]:
    """Workgroup tiles, no smaller than the vector tiles; returns them, whole extents included."""
    yield Mark("@distribute")
    groups = MAX_WORKGROUPS
    outer = {}
    for dim in large(workload, workload.root_op.dims("parallel")):
        extent = workload.extents[dim]
        low = max(tiles[dim], -(-extent // groups))
        size = yield Size("distribute", dim, min(low, extent - 1), extent - 1, zero=True)
        outer[dim] = size or extent
        # Where the limit is met, later dims may still be cut in two.
        groups = max(1, groups // -(-extent // outer[dim]))
    return outer


def _sizes(workload: Workload, configured: Configured) -> dict[tuple[str, int], int] | None:
    """Tile sizes by knob and dim; None where the configuration is of other loops."""
    root = workload.root_op
    level = LEVELS["distribute"]
    levels = next((op for op in configured.ops if op.sizes(level)), None)
    if levels is None or len(levels.sizes(level)) != len(root.loops):
        return None
    found = {
        (knob, dim): size
        for knob, name in LEVELS.items()
        for dim, size in zip(root.loops, levels.sizes(name), strict=False)
    }
    wanted = inner_dims(workload)
    for op in workload.ops:
        for other in configured.ops if op is not root else ():
            for name in (INNER, LEVELS["reduce"]):
                sizes = other.sizes(name)
                # A config of this op: of as many loops, and not the root's.
                if len(sizes) == len(op.loops) and not other.sizes(level):
                    pairs = zip(op.loops, sizes, strict=True)
                    found |= {("inner", dim): n for dim, n in pairs if n and dim in wanted}
    return found


def _nearest(knob: Size, size: int, workload: Workload) -> int:
    """A size within a knob's bounds; the whole extent is 0 where the knob has that."""
    extent = workload.extents[knob.dim]
    # Below the lower bound stands for it, or for the whole extent where there is nothing between.
    if knob.zero and (size == 0 or size >= extent or size < knob.low == extent - 1):
        return 0
    return min(max(size, knob.low), knob.high)
