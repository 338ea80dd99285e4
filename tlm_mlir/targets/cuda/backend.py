# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: the backend."""

from __future__ import annotations

from ...iree import passes
from ..gpu.backend import GpuBackend
from ..gpu.pipeline import GpuPipeline
from .attention_mma import ATTENTION_MMA
from .attention_tile import ATTENTION_TILE
from .igemm import IGEMM
from .mma import MMA
from .promote import PROMOTE
from .subgroup_reduce import SUBGROUP_REDUCE
from .tile import TILE

PIPELINES: tuple[GpuPipeline, ...] = (
    *(ATTENTION_TILE, ATTENTION_MMA),
    *(SUBGROUP_REDUCE, TILE, IGEMM, PROMOTE, MMA),
)
CUDA = GpuBackend(name="cuda", pipelines=PIPELINES, normalization=passes.GPU_NORMALIZATION)
