# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""vulkan-spirv: what its schedules become, and the limits that they keep."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from iree.compiler import ir
from samples import (
    attention,
    decoded,
    elementwise,
    lowered,
    matmul,
    op,
    operand,
    options,
    translated,
    walks,
)

from tlm_mlir.errors import TargetError
from tlm_mlir.ir.analysis import contraction
from tlm_mlir.ir.workload import Index, Workload
from tlm_mlir.language.prompt import header
from tlm_mlir.language.schedule import DEFAULT
from tlm_mlir.language.vocabulary import TOKENS
from tlm_mlir.targets import registry
from tlm_mlir.targets.target import GpuTarget, Target
from tlm_mlir.targets.vulkan.backend import VULKAN
from tlm_mlir.targets.vulkan.cooperative import COOPERATIVE
from tlm_mlir.targets.vulkan.pipeline import LINE
from tlm_mlir.targets.vulkan.promote import PROMOTE, promoted
from tlm_mlir.targets.vulkan.subgroup_reduce import SUBGROUP_REDUCE
from tlm_mlir.targets.vulkan.tile import TILE

LARGE = GpuTarget(
    *("vulkan-spirv", 0, 32, 1024, (1024, 1024, 1024), 166912),
    features=("fp64", "fp16", "int64", "mma-f16"),
)
SMALL = GpuTarget("vulkan-spirv", 0, 16, 128, (128, 128, 64), 16384)
GPUS = {"large": LARGE, "small": SMALL}
ATTRIBUTE = (
    '#hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info ='
    ' #iree_gpu.target<arch = "valhall1", features = "spirv:v1.6,cap:Shader", wgp = <compute ='
    " fp32|fp16|int32, storage = b64|b32, subgroup = shuffle|arithmetic, dot = none, mma = [],"
    " subgroup_size_choices = [16], max_workgroup_sizes = [512, 256, 128],"
    " max_thread_count_per_workgroup = 512, max_workgroup_memory_bytes = 32768,"
    " max_workgroup_counts = [65535, 65535, 65535]>>}>"
)


@given(walks(GPUS))
def test_tokens_and_schedules_are_one(walk) -> None:  # type: ignore[no-untyped-def]
    decoded(*walk)


@given(walks(GPUS))
def test_device_limits_hold(walk) -> None:  # type: ignore[no-untyped-def]
    task, tokens = walk
    workload, target = task.workload, task.target
    schedule = task.decode(tokens)
    if schedule.is_default:
        return
    info, config = translated(task, schedule), lowered(task, schedule)[workload.root]
    with ir.Context():
        ir.Attribute.parse(info)
        ir.Attribute.parse(config)
    sizes = [int(n) for n in re.search(r"workgroup_size = \[([\d, ]+)\]", info)[1].split(",")]
    assert math.prod(sizes) <= target.threads
    assert all(size <= most for size, most in zip(sizes, target.group, strict=True))
    levels = [[int(n) for n in level.split(",")] for level in re.findall(r"\[([\d, ]+)\]", config)]
    for dim, *tiles in itertools.zip_longest(workload.root_op.loops, *levels, fillvalue=0):
        assert all(size == 0 or workload.extents[dim] % size == 0 for size in tiles)
    if schedule.pipeline == COOPERATIVE.token:
        (rows, columns), step = levels[0], levels[2][-1]
        copies = int(schedule.choice("depth").partition(":")[2]) + 1
        shared = rows * columns * 4 + (rows + columns) * step * 2 * copies
        assert shared <= target.shared
        built = COOPERATIVE.tiles(task, schedule)
        assert built.shared == shared and [built.sizes[d] for d in (0, 1, 2)] == [
            *(rows, columns),
            step,
        ]
    if schedule.pipeline == PROMOTE.token:
        assert shared_bytes(workload, schedule, levels[0]) <= target.shared


def shared_bytes(workload, schedule, tile: list[int]) -> int:  # type: ignore[no-untyped-def]
    """What IREE allots, before it pads: both inputs' tiles, once more for each load ahead."""
    found = contraction(workload)
    sizes = dict(zip(workload.root_op.loops, tile, strict=True))
    edges = sum(sizes[dim] for dim in (*found.m, *found.n))
    depth = int(schedule.choice("depth").partition(":")[2])
    copies = depth + (schedule.choice("stage") == "store:0")
    width = int(re.search(r"\d+", workload.root_op.inputs[0].dtype)[0]) // 8
    return edges * sizes[found.k[0]] * width * copies


def test_a_sum_of_everything_is_left_to_iree() -> None:
    """Found in bundling what the model writes: IREE crashes on a tile of it."""
    total = op("0r", [operand(0)], [operand()], ("addf(a0,a1)", "yield(v0)"))
    assert options(Workload((256,), (total,), 0), LARGE) == [DEFAULT]


def test_what_is_left_to_iree() -> None:
    assert options(matmul(), SMALL) == [DEFAULT, TILE.token, PROMOTE.token]
    assert options(matmul(extents=(96, 63, 200)), SMALL) == [DEFAULT, TILE.token]
    assert options(attention(), LARGE) == [DEFAULT]
    assert options(elementwise((40, 60), buffers=True), LARGE) == [DEFAULT]


def test_columns_with_large_prime_factors_leave_something_to_choose() -> None:
    """Found on ResNet-50, whose 3136 columns in tiles of 64 leave 7 of them at least."""
    workload = matmul(extents=(64, 3136, 64))
    random = np.random.default_rng(0)
    grammar = registry.task(workload, SMALL).grammar()
    assert {grammar.sample(random)[0] for _ in range(200)} == {
        *(DEFAULT, SUBGROUP_REDUCE.token, TILE.token, PROMOTE.token)
    }


def test_what_cooperative_matrices_multiply() -> None:
    halves = matmul("f16", extents=(96, 64, 208))
    root, bias = halves.ops
    # Found on GPT-2 in 16-bit floats.
    power = replace(halves, ops=(root, replace(bias, body=("fpowi(a0,c:i64)", "yield(v0)"))))
    every = [DEFAULT, TILE.token, PROMOTE.token, COOPERATIVE.token]
    assert options(halves, LARGE) == every
    for workload, target in (
        (power, LARGE),
        (halves, SMALL),  # a device without them
        (halves, replace(LARGE, subgroup=64)),
        (matmul("f16", extents=(96, 72, 208)), LARGE),  # a part of a tile
        (matmul(extents=(96, 64, 208)), LARGE),  # 32-bit floats
    ):
        assert COOPERATIVE.token not in options(workload, target)


def test_wide_integers_need_a_device_that_has_them() -> None:
    workload = elementwise((40, 60), "i64")
    assert options(workload, SMALL) == [DEFAULT]
    assert options(workload, LARGE) == [DEFAULT, TILE.token]


def test_columns_are_the_innermost_loop() -> None:
    """Invocations along x compute neighbours in memory, whichever input spans them."""
    plain = matmul(extents=(96, 64, 200))
    product = plain.root_op
    swapped = replace(
        plain, ops=(replace(product, inputs=product.inputs[::-1]), *plain.ops[1:])
    )
    assert promoted(plain) == promoted(swapped) == (0, 1, 2)


def test_a_device_is_read_from_its_attribute() -> None:
    # Loads the dialects that the attribute is made of.
    from tlm_mlir.iree.invocation import open_session

    context = open_session(()).context
    target = VULKAN.read_target(ATTRIBUTE, 1, context)
    assert target == GpuTarget(
        "vulkan-spirv", 0, 16, 512, (512, 256, 128), 32768, features=("fp16",)
    )
    assert Target.from_json(target.to_json()) == target
    words = [TOKENS[token] for token in header(target)]
    assert words[1] == "target:vulkan-spirv" and words[-1] == "feature:fp16"
    with pytest.raises(TargetError, match="got metal-spirv"):
        VULKAN.read_target(ATTRIBUTE.replace('"vulkan-spirv"', '"metal-spirv"'), 1, context)


def rows_of_rows() -> Workload:
    """A maximum over the last of three dims, and what is subtracted from it."""
    maximum = op("0p 1p 2r", [operand(0, 1, 2)], [operand(0, 1)], ("maximumf(a0,a1)", "yield(v0)"))
    rest = op("0p 1p 2p", [operand(0, 1, 2), operand(0, 1, source=0)], [operand(0, 1, 2)])
    return Workload((12, 128, 64), (maximum, rest), 0)


def test_results_that_an_op_with_more_dims_takes_up_are_one_line() -> None:
    """Found by bundles of the training corpus: IREE fails on more than a SPIR-V vector of them."""
    workload, rng = rows_of_rows(), np.random.default_rng(0)
    for _ in range(50):
        schedule = registry.task(workload, LARGE).random(rng)
        assert math.prod(schedule.size("thread", dim, 1) for dim in (0, 1)) <= LINE


def test_emulated_floats_are_left_to_iree() -> None:
    """Found there, too: IREE fails on vectors of bf16."""
    assert options(matmul("bf16"), LARGE) == [DEFAULT]


def test_sums_over_a_strided_input_are_not_shared() -> None:
    """Found in a ResNet-50 of f16: IREE fails on every one of them."""
    image = replace(operand(2, 0), indices=(Index(((2, 1),)), Index(((0, 2),))))
    inputs = [operand(1, 2), image]
    skipping = op("0p 1p 2r", inputs, [operand(0, 1)], ("mulf(a0,a1)", "addf(a2,v0)", "yield(v1)"))
    workload = Workload((64, 32, 256), (skipping,), 0)
    whole = replace(workload, ops=(replace(skipping, inputs=(operand(1, 2), operand(2, 0))),))
    token = SUBGROUP_REDUCE.token
    assert token not in options(workload, LARGE) and token in options(whole, LARGE)
