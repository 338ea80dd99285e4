# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: convolutions on tensor cores, and the limits that they keep."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st
from iree.compiler import ir
from samples import (
    MULTIPLY_ADD,
    convolution,
    decoded,
    lowered,
    matmul,
    op,
    operand,
    options,
    translated,
    walk,
)

from tlm_mlir.ir.workload import Workload
from tlm_mlir.language.schedule import DEFAULT
from tlm_mlir.targets import registry
from tlm_mlir.targets.cuda import igemm
from tlm_mlir.targets.cuda.igemm import IGEMM
from tlm_mlir.targets.cuda.tile import TILE
from tlm_mlir.targets.gpu.intrinsics import for_product
from tlm_mlir.targets.target import GpuTarget

HOPPER = GpuTarget("cuda", 132, 32, 1024, (1024, 1024, 64), 232448, features=("mma-f16",))
TIGHT = GpuTarget("cuda", 0, 32, 256, (256, 256, 64), 16384, features=("mma-f16",))
HALF = {"dtype": "f16"}


def first(channels: int, lines: int, columns: int, depth: int) -> Workload:
    """Channels first, as torch has them: 3x3."""
    root = op(
        "0p 1p 2p 3r 4r 5r",
        [operand(3, (1, 4), (2, 5), **HALF), operand(0, 3, 4, 5, **HALF)],
        [operand(0, 1, 2)],
        MULTIPLY_ADD,
    )
    return Workload((channels, lines, columns, depth, 3, 3), (root,), 0)


def last(channels: int, lines: int, columns: int, depth: int) -> Workload:
    """Channels last, of two images."""
    root = op(
        "0p 1p 2p 3p 4r 5r 6r",
        [operand(0, (1, 4), (2, 5), 6, **HALF), operand(4, 5, 6, 3, **HALF)],
        [operand(0, 1, 2, 3)],
        MULTIPLY_ADD,
    )
    return Workload((2, lines, columns, channels, 3, 3, depth), (root,), 0)


@st.composite
def walks(draw: st.DrawFn):  # type: ignore[no-untyped-def]
    """A convolution, a device, and the tokens of a schedule for tensor cores."""
    sizes = st.sampled_from([1, 7, 14, 28, 64, 100, 512])
    make = draw(st.sampled_from([first, last]))
    several = sizes.filter(lambda size: size > 1)
    workload = make(draw(several), draw(sizes), draw(sizes), draw(sizes))
    task = registry.task(workload, draw(st.sampled_from([HOPPER, TIGHT])))
    return task, walk(draw, task, IGEMM.token)


@given(walks())
def test_limits_hold(walked) -> None:  # type: ignore[no-untyped-def]
    task, tokens = walked
    workload, target = task.workload, task.target
    schedule = decoded(task, tokens)
    info, config = translated(task, schedule), lowered(task, schedule)[workload.root]
    with ir.Context():
        ir.Attribute.parse(info)
        ir.Attribute.parse(config)
    assert "use_igemm_convolution = true" in info
    threads = int(re.search(r"workgroup_size = \[(\d+), 1, 1\]", info)[1])
    levels = {
        name: [int(n) for n in sizes.split(",")]
        for name, sizes in re.findall(r"(\w+) = \[([\d, ]+)\]", config)
    }
    group, subgroup, padded = levels["workgroup"], levels["subgroup"], levels["padding"]
    found = igemm.dims(workload)
    row = for_product(workload.root_op, target)
    assert found is not None and row is not None and len(group) == len(found.loops) + 1
    units = [igemm.unit(found, row, dim) for dim in found.loops]
    warps = math.prod(
        size // (tiles * unit)
        for size, tiles, unit in zip(group, subgroup, units, strict=False)
    )
    assert threads == 32 * warps <= target.threads
    assert padded[:-1] == group[:-1] and padded[-1] == 16 * levels["reduction"][-1]
    _, built = igemm.as_matmul(task, schedule)
    assert built.shared + 4096 <= target.shared and built.high * built.wide <= 32
    assert 0 < task.estimate(schedule) < math.inf


def test_which_convolutions_tensor_cores_multiply() -> None:
    assert options(first(64, 56, 56, 64), HOPPER) == [DEFAULT, TILE.token, IGEMM.token]
    assert options(convolution(), HOPPER) == [DEFAULT, TILE.token], "32-bit floats"
    depthwise = op(
        "0p 1p 2p 3r 4r",
        [operand(0, (1, 3), (2, 4), **HALF), operand(0, 3, 4, **HALF)],
        [operand(0, 1, 2)],
        MULTIPLY_ADD,
    )
    assert IGEMM.token not in options(Workload((64, 56, 56, 3, 3), (depthwise,), 0), HOPPER)
    assert igemm.dims(matmul("f16")) is None


def test_what_iree_chooses_is_read_back() -> None:
    text = """func.func translation_info = #iree_codegen.translation_info<\
pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [256, 1, 1], \
{gpu_pipeline_options = #iree_gpu.pipeline_options<use_igemm_convolution = true>}>
linalg.generic lowering_config = #iree_gpu.lowering_config<{\
mma_kind = #iree_gpu.mma_layout<NV_MMA_SYNC_F32_16x8x16_F16>, \
padding = [64, 2, 32, 128], reduction = [0, 0, 0, 8], subgroup = [2, 2, 1, 0], \
workgroup = [64, 2, 32, 0]}>"""
    task = registry.task(first(128, 28, 28, 128), HOPPER)
    own = task.read_back(text)
    assert own is not None
    matmul_, built = igemm.as_matmul(task, own)
    assert (built.rows, built.columns, built.high, built.wide, built.deep) == (2, 4, 2, 2, 8)
    # 28 lines of 28 columns, padded to 32.
    assert matmul_.extents == (128, 28 * 32, 128 * 9)
