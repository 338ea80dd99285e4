# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPUs: sums that a workgroup's invocations share, and the limits that they keep."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iree.compiler import ir
from samples import (
    convolution,
    decoded,
    matmul,
    norm,
    op,
    operand,
    options,
    softmax,
    translated,
    walk,
)

from tlm_mlir.ir.workload import Workload
from tlm_mlir.language.schedule import DEFAULT, Schedule
from tlm_mlir.targets import registry
from tlm_mlir.targets.cuda.subgroup_reduce import SUBGROUP_REDUCE
from tlm_mlir.targets.target import GpuTarget

ACROSS = SUBGROUP_REDUCE.token
HOPPER = GpuTarget("cuda", 132, 32, 1024, (1024, 1024, 64), 232448)
VALHALL = GpuTarget("vulkan-spirv", 0, 16, 512, (512, 512, 512), 32768)
ROWS = matmul(extents=(1, 4096, 4096))
CUDA = """func.func translation_info = #iree_codegen.translation_info<\
pipeline = #iree_gpu.pipeline<VectorDistribute> \
workgroup_size = [192, 1, 1]>
linalg.generic lowering_config = #iree_gpu.lowering_config<{\
lane_basis = [[1, 32], [0, 1]], partial_reduction = [0, 768], \
subgroup_basis = [[1, 6], [0, 1]], thread = [0, 4], workgroup = [1, 0]}>"""
VULKAN = """func.func translation_info = #iree_codegen.translation_info<\
pipeline = #iree_gpu.spirv_pipeline<SubgroupReduce> \
workgroup_size = [192, 1, 1]>
linalg.generic lowering_config = #iree_codegen.lowering_config<tile_sizes = [[1], [0, 768]]>"""


@st.composite
def walks(draw: st.DrawFn):  # type: ignore[no-untyped-def]
    """A reduction, a device, and the tokens of a schedule in which invocations share it."""
    extents = (draw(st.sampled_from([1, 7, 48])), draw(st.sampled_from([32, 96, 768, 4096])))
    some = [norm(extents), norm(extents, "f16"), softmax(extents), matmul(extents=(1, *extents))]
    workload = draw(st.sampled_from([w for w in some if ACROSS in options(w, HOPPER)] or [ROWS]))
    task = registry.task(workload, draw(st.sampled_from([HOPPER, VALHALL])))
    return task, walk(draw, task, ACROSS)


@given(walks())
def test_limits_hold(walked) -> None:  # type: ignore[no-untyped-def]
    task, tokens = walked
    workload, target = task.workload, task.target
    schedule = decoded(task, tokens)
    info, found = translated(task, schedule), task.configuration(schedule).ops
    with ir.Context():
        for text in (info, *(text for each in found for text in each.values())):
            ir.Attribute.parse(text)
    assert found[workload.root]
    threads = int(re.search(r"workgroup_size = \[(\d+), 1, 1\]", info)[1])
    assert threads % target.subgroup == 0 and threads <= target.threads
    # Found on lavapipe: with more subgroups than invocations of one, sums are wrong.
    assert threads // target.subgroup <= target.subgroup
    (dim,) = workload.root_op.dims("reduction")
    step, wide = schedule.size("reduce", dim, 0), schedule.size("thread", dim, 1)
    assert workload.extents[dim] % step == 0 and step % (wide * threads) == 0
    if target is VALHALL:
        assert step // threads in (1, 2, 4), "vectors of SPIR-V"
    for text in (each.get("lowering_config", "") for each in found):
        sizes = [int(n) for n in re.findall(r"basis = \[\[[\d, ]*?(\d+)\], \[", text)]
        assert not sizes or math.prod(sizes) == threads
    assert 0 < task.estimate(schedule) < math.inf


def test_which_reductions_are_shared() -> None:
    assert ACROSS in options(norm(), HOPPER) and ACROSS in options(norm(), VALHALL)
    assert ACROSS in options(ROWS, HOPPER)
    # The last columns would be without work.
    assert ACROSS not in options(norm((48, 1000)), HOPPER)
    assert ACROSS not in options(convolution(), HOPPER), "sums along several dims"
    total = op("0r", [operand(0)], [operand()], ("addf(a0,a1)", "yield(v0)"))
    assert options(Workload((256,), (total,), 0), HOPPER) == [DEFAULT]


@pytest.mark.parametrize(
    "target, text, few",
    [
        pytest.param(HOPPER, CUDA, "@thread m0 z0 m0 z0 @group m5 z5 @reduce m5 z5", id="cuda"),
        pytest.param(VALHALL, VULKAN, "@group m5 z5 @reduce m5 z5", id="vulkan"),
    ],
)
def test_what_iree_chooses_is_read_back(target: GpuTarget, text: str, few: str) -> None:
    task = registry.task(norm(), target)
    own = task.read_back(text)
    assert isinstance(own, Schedule)
    assert (own.pipeline, own.size("group", 1, 0)) == (ACROSS, 192)
    assert own.size("reduce", 1, 0) == 768
    tokens = [ACROSS, *few.split(), "<end>"]
    one = task.decode(tokens)
    # More loads at once hide what they wait for.
    assert task.estimate(own) < task.estimate(one)
