# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: attention (LinalgExtTileAndVectorize)."""

from __future__ import annotations

import math
from collections.abc import Collection

from ...ir.analysis import head_dims
from ...ir.workload import Workload
from ...language.space import Step
from .limits import MAX_ATTENTION_REGISTERS
from .pipeline import CpuPipeline, CpuTask, distribution, vectors

MAX_HEAD = 128
"""Longest head dim of an attention that IREE's default does not tile."""


class Attention(CpuPipeline):
    """Tiles of queries, which go through the keys step by step."""

    token, number, name = "pipeline:ext", 3, "LinalgExtTileAndVectorize"

    def any_length(self, workload: Workload) -> Collection[int]:
        """Heads, queries and keys: what tiles leave over of them is masked."""
        root = workload.root_op
        if root.kind != "attention":
            return ()
        value = {index.dim for index in root.inputs[2].indices}
        key = {index.dim for index in root.inputs[1].indices}
        return set(root.loops) - set(head_dims(workload)) - (value - key)

    def applies(self, task: CpuTask) -> bool:
        """To attentions whose head dim, which stays whole, leaves LLVM not too much to unroll."""
        workload = task.workload
        served = workload.static and not workload.buffers and workload.root_op.kind == "attention"
        return served and _head(workload) <= MAX_ATTENTION_REGISTERS

    def knobs(self, task: CpuTask) -> Step[None]:
        """Vectors, workgroups."""
        tiles = self.fixed(task.workload)
        yield from vectors(task, tiles)
        yield from distribution(task.workload, tiles)

    def fixed(self, workload: Workload) -> dict[int, int]:
        """The head dim (K1) stays whole."""
        return {dim: workload.extents[dim] for dim in head_dims(workload)}


def default_is_right(workload: Workload) -> bool:
    """Whether IREE's default gives right values.

    IREE 3.13 tiles the head dim of an attention where it exceeds 128 (KernelDispatch.cpp, since
    iree-org/iree#23304), and so takes the softmax of partial sums.
    """
    return not MAX_HEAD < _head(workload) <= MAX_ATTENTION_REGISTERS


def _head(workload: Workload) -> int:
    return math.prod(workload.extents[dim] for dim in head_dims(workload))


ATTENTION = Attention()
