# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: what its schedules become, and the limits that they keep."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from iree.compiler import ir
from samples import (
    convolution,
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
from tlm_mlir.ir.dispatch import find_dispatches
from tlm_mlir.ir.workload import Workload
from tlm_mlir.iree.devices import gpu_flags
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import DEFAULT
from tlm_mlir.targets import registry
from tlm_mlir.targets.cuda.mma import MMA
from tlm_mlir.targets.cuda.promote import PROMOTE
from tlm_mlir.targets.cuda.subgroup_reduce import SUBGROUP_REDUCE
from tlm_mlir.targets.cuda.tile import TILE
from tlm_mlir.targets.target import GpuTarget

AMPERE = GpuTarget(
    *("cuda", 0, 32, 1024, (1024, 1024, 1024), 166912),
    features=("fp64", "fp16", "int64", "mma-f16", "mma-bf16"),
)
TIGHT = GpuTarget("cuda", 0, 32, 256, (256, 256, 64), 16384, features=("mma-f16",))
RANDOM = np.random.default_rng(0)
GPUS = {"ampere": AMPERE, "tight": TIGHT}
PROGRAM = """
func.func @main(%a: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %r = math.exp %a : tensor<8x16xf32>
  return %r : tensor<8x16xf32>
}
"""


@given(walks(GPUS))
def test_device_limits_hold(walk) -> None:  # type: ignore[no-untyped-def]
    task, tokens = walk
    workload, target = task.workload, task.target
    schedule = decoded(task, tokens)
    # test_cuda_attention.py, test_subgroup_reduce.py.
    shared = schedule.pipeline == SUBGROUP_REDUCE.token
    if schedule.is_default or workload.root_op.kind == "attention" or shared:
        return
    info, config = translated(task, schedule), lowered(task, schedule)[workload.root]
    with ir.Context():
        ir.Attribute.parse(info)
        ir.Attribute.parse(config)
    size = int(re.search(r"workgroup_size = \[(\d+), 1, 1\]", info)[1])
    levels = {
        name: [int(n) for n in sizes.split(",")]
        for name, sizes in re.findall(r"(\w+) = \[([\d, ]+)\]", config)
    }
    if "subgroup" in levels:
        # What `mma.sync` multiplies: 16 x 16 by 16 x 8 elements of two bytes.
        units = [16, 8, 16]
        for name in ("subgroup", "reduction"):
            levels[name] = [n * unit for n, unit in zip(levels[name], units, strict=True)]
        levels["thread"] = levels["subgroup"]
    threads = (32 if "subgroup" in levels else 1) * math.prod(
        group // thread
        for group, thread in zip(levels["workgroup"], levels["thread"], strict=True)
        if thread
    )
    assert threads <= size <= target.threads and size % 32 == 0
    for place, dim in enumerate(workload.root_op.loops):
        sizes = [levels[name][place] for name in levels if name != "promote_operands"]
        assert all(n == 0 or workload.extents[dim] % n == 0 for n in sizes)
    if "promote_operands" in levels:
        tile = [a or b for a, b in zip(levels["workgroup"], levels["reduction"], strict=True)]
        sizes = dict(zip(workload.root_op.loops, tile, strict=True))
        held = sum(
            math.prod(sizes[index.dim] for index in operand.indices)
            for operand in workload.root_op.inputs
        )
        width = int(re.search(r"\d+", workload.root_op.inputs[0].dtype)[0]) // 8
        handed = math.prod(levels["workgroup"][:2]) * max(4, width)
        if "subgroup" in levels:
            handed = 16 * sum(levels["workgroup"]) if "conflicts = false" in info else 0
        assert held * width + handed <= target.shared
        assert threads % 32 == 0, "IREE promotes nothing for part of a warp"


def test_a_sum_of_everything_is_left_to_iree() -> None:
    """Found in bundling what the model writes: IREE crashes on a tile of it."""
    total = op("0r", [operand(0)], [operand()], ("addf(a0,a1)", "yield(v0)"))
    assert options(Workload((256,), (total,), 0), AMPERE) == [DEFAULT]


def test_what_is_left_to_iree() -> None:
    assert options(matmul(), AMPERE) == [DEFAULT, TILE.token, PROMOTE.token]
    assert options(convolution(), AMPERE) == [DEFAULT, TILE.token]
    row = options(matmul(extents=(1, 4096, 4096)), AMPERE)
    assert row == [DEFAULT, SUBGROUP_REDUCE.token, TILE.token]
    assert PROMOTE.token not in options(matmul(extents=(197, 776, 64)), AMPERE)
    assert options(elementwise((40, 60), buffers=True), AMPERE) == [DEFAULT]


def test_what_tensor_cores_multiply() -> None:
    halves = matmul("f16", extents=(96, 64, 208))
    assert MMA.token in options(halves, AMPERE) and MMA.token in options(halves, TIGHT)
    brains = matmul("bf16", extents=(96, 64, 208))
    assert MMA.token in options(brains, AMPERE) and MMA.token not in options(brains, TIGHT)
    for others in (
        matmul(extents=(96, 64, 208)),  # 32-bit floats
        matmul("f16", extents=(96, 64, 200)),  # a part of a tile
        matmul("f16", "f16", extents=(96, 64, 208)),  # sums of 16 bits
    ):
        assert MMA.token not in options(others, AMPERE)


def test_an_op_without_inputs() -> None:
    """Found on BERT, whose masks are made of indices alone."""
    body = ("index[0]()", "index[1]()", "cmpi[4](v0,v1)", "yield(v2)")
    mask = op("0p 1p", [], [operand(0, 1, dtype="i1")], body)
    first = registry.task(Workload((64, 96), (mask,), 0), AMPERE).random(RANDOM)
    both = Workload((64, 96), (mask, *elementwise((64, 96)).ops), 1)
    second = registry.task(both, AMPERE).random(RANDOM)
    assert {s.pipeline for s in (first, second)} == {TILE.token}


@pytest.mark.parametrize("arch, shared", [("sm_80", 166912), ("sm_90", 232448)])
def test_devices_by_name(arch: str, shared: int) -> None:
    session = Session(gpu_flags("cuda", arch))
    module = session.run(session.parse_text(PROGRAM), None, SOURCES)
    (dispatch,) = find_dispatches(module)
    target = registry.read_target(dispatch.target, 2, session.context)
    assert isinstance(target, GpuTarget) and target.backend == "cuda"
    assert (target.shared, target.subgroup, target.threads) == (shared, 32, 1024)


def test_a_device_that_iree_does_not_know() -> None:
    with pytest.raises(TargetError, match="unknown cuda architecture 'sm_1'; give one"):
        gpu_flags("cuda", "sm_1")
