# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: attention, by the pipeline VectorDistribute of IREE's Codegen/LLVMGPU (Passes.cpp).

A workgroup computes some rows of the result, for some of its columns, and takes a step's keys and
values at a time, so that scores never reach memory (Dao et al. 2022, "FlashAttention"). IREE is
told, besides the tiles, how the threads share the two products that an attention is taken apart
into: queries by keys, and scores by values. That is what its two pipelines differ in
(`attention_tile.py`, `attention_mma.py`).
"""

from __future__ import annotations

from abc import abstractmethod

from ...ir.workload import Workload
from ...iree import attributes
from ...iree.attributes import DECOMPOSITION, TRANSLATION, Configured
from ...language.schedule import Decision, Schedule
from ..backend import Configuration
from ..gpu.machine import Demand
from ..gpu.pipeline import GpuPipeline, GpuTask, at_root
from ..gpu.read_back import scheduled
from .attention_dims import Dims, Tiles, dims
from .attention_estimate import demand
from .pipeline import VECTOR_DISTRIBUTE, vector_distribute

Products = tuple[list[str], list[str]]
"""Entries of the configs of queries by keys, and of scores by values."""


class Attention(GpuPipeline):
    """Rows and columns of a workgroup, and keys of a step."""

    def suits(self, workload: Workload) -> bool:
        """Attentions alone."""
        return workload.root_op.kind == "attention"

    @abstractmethod
    def tiles(self, task: GpuTask, schedule: Schedule) -> Tiles:
        """How a schedule builds a workgroup."""

    @abstractmethod
    def products(self, task: GpuTask, schedule: Schedule) -> Products:
        """How the threads share both products."""

    @abstractmethod
    def sizes(self, task: GpuTask, tiles: Tiles) -> dict[tuple[str, int], int] | None:
        """The decisions in IREE's own tiles, by knob and dim; None for instructions that are not
        ours."""

    def promoted(self) -> list[str]:
        """Entries of the root's config for what is copied to shared memory."""
        return []

    def configure(self, task: GpuTask, schedule: Schedule) -> Configuration:
        """A workgroup's tile, a step's, and how threads share the products."""
        found, built = dims_of(task), self.tiles(task, schedule)
        root = task.workload.root_op
        reduction = root.dims("reduction")
        group = {found.rows: built.rows, found.columns: built.columns}
        sizes = [0 if dim in reduction else group.get(dim, 1) for dim in root.loops]
        step = [built.step if dim == found.keys else 0 for dim in root.loops]
        parts = [*self.promoted(), f"reduction = {step}", f"workgroup = {sizes}"]
        ops = at_root(task.workload, attributes.gpu_config(parts))
        products = attributes.decomposition(*self.products(task, schedule))
        ops[task.workload.root][DECOMPOSITION] = products
        # IREE's own choice lets exponentials flush denormals, too.
        info = vector_distribute(built.threads, [attributes.denormals_flushed()])
        return Configuration({TRANSLATION: info}, ops)

    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """The decisions about an attention of VectorDistribute."""
        found = dims(task.workload)
        op = next((op for op in configured.ops if "attention" in op.op), None)
        if found is None or op is None or configured.translation.pipeline != VECTOR_DISTRIBUTE:
            return None
        matrix = "promote_operands" in op.entries
        if not op.sizes("workgroup") or matrix != bool(self.promoted()):
            return None
        loops, extents = task.workload.root_op.loops, task.workload.extents
        # Where threads share the keys of a row, each sums up a part of them.
        steps = op.sizes("reduction") or op.sizes("partial_reduction")
        group, step = (
            dict(zip(loops, sizes, strict=False)) for sizes in (op.sizes("workgroup"), steps)
        )
        rows, columns = (group.get(dim) or extents[dim] for dim in (found.rows, found.columns))
        keys, threads = step.get(found.keys) or extents[found.keys], configured.translation
        tiles = Tiles(rows, columns, keys, threads.workgroup[0], 1, matrix)
        sizes = self.sizes(task, tiles)
        if sizes is None:
            return None
        decisions = [Decision(name, dim, max(1, size)) for (name, dim), size in sizes.items()]
        return scheduled(self.token, decisions)

    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """What both products ask for."""
        dims, tiles = dims_of(task), self.tiles(task, schedule)
        return demand(task.workload, task.target, dims, tiles)


def dims_of(task: GpuTask) -> Dims:
    """The dims of an attention that has them."""
    found = dims(task.workload)
    assert found is not None
    return found


def extents_of(task: GpuTask) -> tuple[int, int, int, int]:
    """Extents of rows, columns, head and keys."""
    found, extents = dims_of(task), task.workload.extents
    return extents[found.rows], extents[found.columns], extents[found.head], extents[found.keys]


def counts(task: GpuTask, without: int, sizes: dict[int, int]) -> list[list[int]]:
    """Threads or warps along each loop of the root, and which of these a product without one of
    them has."""
    loops = task.workload.root_op.loops
    kept = [place for place, dim in enumerate(loops) if dim != without]
    return [[sizes.get(dim, 1) for dim in loops], kept]
