# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: what schedules of attention become, and the limits that they keep."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iree.compiler import ir
from samples import decoded, lowered, op, operand, options, translated, walk

from tlm_mlir.ir.workload import Workload
from tlm_mlir.language.schedule import DEFAULT
from tlm_mlir.targets import registry
from tlm_mlir.targets.cuda.attention_dims import Dims, Tiles, dims
from tlm_mlir.targets.cuda.attention_mma import ATTENTION_MMA
from tlm_mlir.targets.cuda.attention_tile import ATTENTION_TILE
from tlm_mlir.targets.target import GpuTarget

TILE, MMA = ATTENTION_TILE.token, ATTENTION_MMA.token
HOPPER = GpuTarget("cuda", 132, 32, 1024, (1024, 1024, 64), 232448, features=("mma-f16",))
TIGHT = GpuTarget("cuda", 0, 32, 256, (256, 256, 64), 49152, features=("mma-f16",))
OWN = """func.func translation_info = #iree_codegen.translation_info<\
pipeline = #iree_gpu.pipeline<VectorDistribute> workgroup_size = [256, 1, 1]>
iree_linalg_ext.online_attention lowering_config = #iree_gpu.lowering_config<{{{}}}>"""
"""What IREE chose, but for the tiles."""
ROW = "partial_reduction = [0, 0, 0, 0, 128], workgroup = [1, 1, 16, 0, 0]"


def attention(dtype: str = "f32", extents=(12, 128, 64, 64, 128)) -> Workload:
    """One over batch, rows, columns, head and keys; the values' columns come last."""
    inputs = [operand(0, 1, 3, dtype=dtype), operand(0, 4, 3, dtype=dtype)]
    inputs += [operand(0, 4, 2, dtype=dtype), operand(dtype=dtype)]
    outputs = [operand(0, 1, 2), operand(0, 1), operand(0, 1)]
    return Workload(extents, (op("0p 1p 2p 3r 4r", inputs, outputs, kind="attention"),), 0)


def shared_heads() -> Workload:
    """One whose keys and values (dim 1) serve the queries of eight heads each (dim 0)."""
    inputs = [operand(0, 1, 2, 4), operand(1, 5, 4), operand(1, 5, 3), operand()]
    outputs = [operand(0, 1, 2, 3), operand(0, 1, 2), operand(0, 1, 2)]
    root = op("0p 1p 2p 3p 4r 5r", inputs, outputs, kind="attention")
    return Workload((8, 4, 64, 32, 64, 128), (root,), 0)


def test_heads_that_share_keys_are_a_batch() -> None:
    workload = shared_heads()
    assert dims(workload) == Dims(rows=2, columns=3, head=4, keys=5)
    rng = np.random.default_rng(0)
    task = registry.task(workload, HOPPER)
    schedule = task.random(rng)
    tile = levels(lowered(task, schedule)[0])["workgroup"]
    assert tile[:2] == [1, 1] and tile[4:] == [0, 0]
    # Each head of the queries has workgroups of its own.
    twice = registry.task(replace(workload, extents=(2048, *workload.extents[1:])), HOPPER)
    assert twice.estimate(schedule) / task.estimate(schedule) > 8


@st.composite
def walks(draw: st.DrawFn):  # type: ignore[no-untyped-def]
    """An attention, a device, and the tokens of a schedule."""
    sizes = st.sampled_from([1, 8, 16, 24, 64, 77, 100, 128, 197, 512])
    extents = (draw(sizes), draw(sizes), draw(sizes), draw(sizes), draw(sizes))
    workload = attention(draw(st.sampled_from(["f32", "f16", "f64"])), extents)
    task = registry.task(workload, draw(st.sampled_from([HOPPER, TIGHT])))
    return task, walk(draw, task)


def levels(text: str) -> dict[str, list[int]]:
    return {
        name: [int(n) for n in sizes.split(",")]
        for name, sizes in re.findall(r"(\w+) = \[+([\d, ]+)\]", text)
    }


@given(walks())
def test_limits_hold(walked) -> None:  # type: ignore[no-untyped-def]
    task, tokens = walked
    workload, target = task.workload, task.target
    schedule = decoded(task, tokens)
    if schedule.is_default:
        return
    (attributes,) = task.configuration(schedule).ops
    info = translated(task, schedule)
    with ir.Context():
        for text in (info, *attributes.values()):
            ir.Attribute.parse(text)
    threads = int(re.search(r"workgroup_size = \[(\d+), 1, 1\]", info)[1])
    assert threads % 32 == 0 and threads <= target.threads
    main = levels(attributes["lowering_config"])
    tile = [a or b for a, b in zip(main["workgroup"], main["reduction"], strict=True)]
    for size, extent in zip(tile, workload.extents, strict=True):
        assert size == 0 or extent % size == 0
    _, rows, columns, head, keys = (*tile[:3], workload.extents[3], tile[4])
    for part in re.findall(r"lowering_config<\{(.*?)\}>", attributes["decomposition_config"]):
        sizes = levels(part)
        assert math.prod(sizes["subgroup_basis"]) == threads // 32
        if "lane_basis" in sizes:
            assert math.prod(sizes["lane_basis"]) == 32
            # What a thread holds: queries and results.
            assert (head * rows * sizes["lane_basis"][2] + rows * columns) <= 144 * threads
            for n, count, warps in zip(
                tile, sizes["lane_basis"], sizes["subgroup_basis"], strict=True
            ):
                assert n % (count * warps) == 0
    if schedule.pipeline == MMA:
        assert rows % 16 == columns % 8 == head % 16 == keys % 16 == 0
        assert 2 * (rows * head + keys * head + columns * keys) <= target.shared
    assert 0 < task.estimate(schedule) < math.inf


def test_which_attentions_are_scheduled() -> None:
    assert options(attention(), HOPPER) == [DEFAULT, TILE]
    assert options(attention("f16"), HOPPER) == [DEFAULT, TILE, MMA]
    # Halves of which a thread would not hold a query.
    assert options(attention("f16", (32, 128, 128, 128, 128)), HOPPER) == [DEFAULT, MMA]
    # No whole warps: an odd number of rows and of keys.
    assert options(attention(extents=(12, 197, 64, 64, 197)), HOPPER) == [DEFAULT]
    assert options(attention("bf16"), HOPPER) == [DEFAULT, TILE]
    assert options(attention("f64"), HOPPER) == [DEFAULT]


@pytest.mark.parametrize(
    "dtype, line, built",
    [
        pytest.param(
            "f32",
            ROW,
            Tiles(1, 16, 128, 256, 256, False),
            id="a row for all threads",
        ),
        pytest.param(
            "f16",
            "promote_operands = [0, 1, 2], reduction = [0, 0, 0, 0, 64], "
            "workgroup = [1, 128, 32, 0, 0]",
            Tiles(128, 32, 64, 256, 1, True),
            id="tensor cores",
        ),
    ],
)
def test_what_iree_chooses_is_read_back(dtype: str, line: str, built: Tiles) -> None:
    task = registry.task(attention(dtype), HOPPER)
    own = task.read_back(OWN.format(line))
    pipeline = ATTENTION_MMA if built.matrix else ATTENTION_TILE
    assert own is not None and pipeline.tiles(task, own) == built
    assert own.pipeline == pipeline.token and task.estimate(own) > 0


def test_rows_that_share_keys_are_estimated_faster() -> None:
    task = registry.task(attention(), HOPPER)
    own = task.read_back(OWN.format(ROW))
    words = "pipeline:vector @thread m4 z4 m0 z0 @group m2 z2 m4 z4 @reduce m5 z5 <end>"
    assert own and task.estimate(task.parse(words)) < task.estimate(own) / 3
