# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IREE's own choices on GPUs, read back as decisions."""

from __future__ import annotations

import pytest
from samples import convolution, matmul

from tlm_mlir.ir.workload import Workload
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.targets import registry
from tlm_mlir.targets.target import GpuTarget

MATRIX = "pipeline:matrix"
HOPPER = GpuTarget("cuda", 132, 32, 1024, (1024, 1024, 64), 232448, features=("mma-f16",))
AMPERE = GpuTarget(
    *("vulkan-spirv", 0, 32, 1024, (1024, 1024, 1024), 166912), features=("mma-f16",)
)
INFO = "func.func translation_info = #iree_codegen.translation_info<pipeline = {}{}>"
FUSE = INFO.format("#iree_gpu.pipeline<TileAndFuse>", " workgroup_size = [32, 8, 1]")
CUDA = "linalg.generic lowering_config = #iree_gpu.lowering_config<{{{}}}>"
TILES = "reduction = [0, 0, 32], thread = [1, 16, 0], workgroup = [32, 128, 1]"


def read_back(workload: Workload, target: GpuTarget, text: str) -> Schedule | None:
    """IREE's own choice for a workload."""
    return registry.task(workload, target).read_back(text)


def sizes(schedule: Schedule | None, name: str) -> list[int]:
    """The sizes of a level by dim."""
    assert schedule is not None
    return [d.value for d in schedule.decisions if d.name == name]  # type: ignore[misc]


def test_threads_and_steps_of_cuda() -> None:
    found = read_back(matmul(), HOPPER, f"{FUSE}\n{CUDA.format(TILES)}")
    assert (sizes(found, "thread"), sizes(found, "group")) == ([1, 16], [32, 4])
    assert sizes(found, "reduce") == [32]
    assert found is not None and found.pipeline == "pipeline:vector"
    promoted = read_back(
        matmul(), HOPPER, f"{FUSE}\n{CUDA.format(f'promote_operands = [0, 1], {TILES}')}"
    )
    assert promoted is not None and promoted.pipeline == "pipeline:promote"


OTHER_MMA = "mma_kind = #iree_gpu.mma_layout<MFMA_F32_16x16x16_F16>"
MMA = "mma_kind = #iree_gpu.mma_layout<NV_MMA_SYNC_F32_16x8x16_F16>, promote_operands = [0, 1]"


def test_tiles_of_tensor_cores() -> None:
    levels = "reduction = [0, 0, 8], subgroup = [2, 4, 0], workgroup = [64, 64, 0]"
    halves = matmul("f16", extents=(512, 1024, 768))
    found = read_back(halves, HOPPER, f"{FUSE}\n{CUDA.format(f'{MMA}, {levels}')}")
    assert found is not None
    assert [found.choice(name) for name in ("pipeline", "banks")] == [MATRIX, "banks:padded"]
    assert [found.size(name, dim, 0) for name in ("subgroup", "group") for dim in (0, 1)] == [
        *(2, 4),
        *(2, 2),
    ]
    assert found.size("reduce", 2, 0) == 8
    padded = f"{MMA}, padding = [64, 64, 128], {levels}"
    assert read_back(halves, HOPPER, f"{FUSE}\n{CUDA.format(padded)}") is None


def vulkan(pipeline: str, size: str, tiles: str) -> str:
    """A configuration for Vulkan: a workgroup's size and the tiles of all levels."""
    info = INFO.format(f"#iree_gpu.spirv_pipeline<{pipeline}>", f" workgroup_size = {size}")
    config = f"#iree_codegen.lowering_config<tile_sizes = {tiles}>"
    return f"{info}\nlinalg.generic lowering_config = {config}"


def test_a_promoted_matmul_of_vulkan_is_shared_out() -> None:
    text = vulkan("MatmulPromoteVectorize", "[16, 8, 1]", "[[32, 64, 16]]")
    found = read_back(matmul(), AMPERE, text)
    assert (sizes(found, "thread"), sizes(found, "group")) == ([4, 4], [8, 16])
    assert sizes(found, "reduce") == [16]


def test_tiles_of_cooperative_matrices() -> None:
    halves = matmul("f16", extents=(512, 1024, 768))
    levels = "[[64, 128], [32, 64], [0, 0, 32], [16, 16, 16]]"
    found = read_back(halves, AMPERE, vulkan("CooperativeMatrixVectorize", "[64, 2, 1]", levels))
    assert found is not None and found.pipeline == MATRIX
    tiles = [found.size(name, dim, 0) for name in ("subgroup", "group") for dim in (0, 1)]
    assert tiles == [2, 4, 2, 2] and found.size("reduce", 2, 0) == 2
    for other in (
        "[[64, 128], [32, 64], [0, 0, 32]]",
        "[[64, 64], [32, 32], [0, 0, 32], [8, 8, 8]]",
    ):
        text = vulkan("CooperativeMatrixVectorize", "[64, 2, 1]", other)
        assert read_back(halves, AMPERE, text) is None


def test_levels_of_vulkan_may_be_short() -> None:
    text = vulkan("BaseDistribute", "[2, 2, 8]", "[[0, 8, 2, 2], [0, 1, 1, 1]]")
    found = read_back(convolution(), AMPERE, text)
    assert (sizes(found, "thread"), sizes(found, "group")) == ([1, 1, 1, 1], [1, 8, 2, 2])
    assert sizes(found, "reduce") == [1, 1, 1]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(INFO.format("#iree_gpu.pipeline<VectorDistribute>", ""), id="others"),
        pytest.param(
            f"{FUSE}\n{CUDA.format(f'{OTHER_MMA}, {TILES}')}",
            id="tensor cores",
        ),
        pytest.param(
            f"{FUSE}\n{CUDA.format('thread = [1, 1, 1, 1], workgroup = [1, 1, 1, 1]')}",
            id="an op with other loops",
        ),
    ],
)
def test_what_is_not_alike_is_none(text: str) -> None:
    assert read_back(matmul(), HOPPER, text) is None
