# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""vulkan-spirv: the backend."""

from __future__ import annotations

from ...iree import passes
from ..gpu.backend import GpuBackend
from ..gpu.pipeline import GpuPipeline
from .cooperative import COOPERATIVE
from .promote import PROMOTE
from .subgroup_reduce import SUBGROUP_REDUCE
from .tile import SCALAR, TILE

PIPELINES: tuple[GpuPipeline, ...] = (SUBGROUP_REDUCE, TILE, PROMOTE, COOPERATIVE, SCALAR)
VULKAN = GpuBackend(
    name="vulkan-spirv", pipelines=PIPELINES, normalization=passes.GPU_NORMALIZATION
)
