# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reductions that IREE computes again in each step of the one that reads them, and the remedy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import TARGETS, WORKLOADS, norm, softmax

from tlm_mlir.decisions.dispatch import Lowering, small
from tlm_mlir.ir.analysis import ahead
from tlm_mlir.ir.workload import Operand, Workload
from tlm_mlir.iree.executables import configurations
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.iree.phases import CONFIGURED, SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.language.integers import encode
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.policy.compare import COUNT, MEASUREMENTS
from tlm_mlir.policy.scheduler import Answer, Candidate, _again, _remedied
from tlm_mlir.targets import registry
from tlm_mlir.targets.backend import DispatchTask
from tlm_mlir.targets.cpu.recomputed import again, remedy

CPU = TARGETS["avx512"]


def columns(extents: tuple[int, int]) -> Workload:
    """A softmax of columns: what is read runs along the parallel dim."""
    found = softmax(extents)

    def turned(operands: Sequence[Operand]) -> tuple[Operand, ...]:
        return tuple(replace(operand, indices=operand.indices[::-1]) for operand in operands)

    ops = (replace(op, inputs=turned(op.inputs), outputs=turned(op.outputs)) for op in found.ops)
    return replace(found, ops=tuple(ops))


def sized(task: DispatchTask[Any], vector: int, group: int, reduce: int = 16) -> Schedule:
    """A schedule of one parallel loop, unpeeled."""
    lanes, step, outer = (" ".join(encode(size)) for size in (vector, reduce, group))
    return task.parse(
        f"pipeline:tile peel:no @vector {lanes} @reduce {step} @inner {step} @distribute {outer}"
        " cache:no <end>"
    )


def test_what_is_ahead_of_the_root() -> None:
    assert ahead(softmax()) == (0,)
    assert ahead(norm()) == ()
    assert {name for name in WORKLOADS if ahead(WORKLOADS[name])} == {
        "softmax",
        "softmax of nothing",
    }


@pytest.mark.parametrize(
    ("vector", "group", "times"),
    [(8, 25, 63), (8, 8, 1), (5, 25, 1), (8, 16, 63), (1, 25, 1), (25, 0, 1), (8, 0, 1)],
)
def test_a_maximum_is_computed_again_where_sizes_do_not_divide(
    vector: int, group: int, times: int
) -> None:
    workload = softmax((1000, 1000))
    task = registry.task(workload, CPU)
    assert again(workload, sized(task, vector, group)) == times


def test_the_remedy_has_vectors_that_divide() -> None:
    task = registry.task(softmax((1000, 64)), CPU)
    found = remedy(task, sized(task, 8, 25))
    assert found is not None
    schedule, log = found
    assert (schedule.size("vector", 0), schedule.size("distribute", 0)) == (8, 40)
    assert again(task.workload, schedule) == 1 and log < -0.5
    assert remedy(task, schedule) is None


def test_short_vectors_are_no_remedy_for_few_steps() -> None:
    """Of a prime number of columns each is a vector of its own."""
    for steps, worth in ((375, True), (20, False)):
        task = registry.task(columns((373, steps)), CPU)
        found = remedy(task, sized(task, 16, 25, 1))
        assert found is not None and (found[1] < 0) == worth


@given(
    extents=st.tuples(st.integers(2, 3000), st.integers(2, 3000)),
    vector=st.integers(1, 16),
    group=st.integers(16, 200),
    turned=st.booleans(),
)
def test_a_remedy_is_of_the_space(
    extents: tuple[int, int], vector: int, group: int, turned: bool
) -> None:
    task = registry.task((columns if turned else softmax)(extents), CPU)
    high = extents[0] - 1
    baseline = task.read_back(
        "func.func translation_info = #iree_codegen.translation_info<pipeline ="
        " #iree_cpu.pipeline<DoubleTilingExpert>>\nlinalg.generic lowering_config ="
        f" #iree_cpu.lowering_config<distribution = [{min(group, high)}, 0],"
        f" vector_common_parallel = [{min(vector, high)}, 0], vector_reduction = [0, 16]>"
    )
    assert baseline is not None
    found = remedy(task, baseline)
    if found is None:
        assert task.again(baseline) == 1
        return
    schedule, log = found
    assert task.again(baseline) > task.again(schedule) == 1
    assert task.parse(task.text(schedule)) == schedule
    assert math.isfinite(log)


def test_a_remedy_counts_whatever_the_cost_model_says() -> None:
    task = registry.task(softmax((1000, 64)), CPU)
    ill, well = sized(task, 8, 25), sized(task, 8, 40)
    assert task.default is not None
    said = Answer(task.default, 0.2, MEASUREMENTS, 0.3, (Candidate(well, 0.2),))
    found = _remedied(task, ill, said)
    assert (found.schedule, found.compared_by) == (well, COUNT)
    assert [each.schedule for each in found.candidates] == [well]
    assert _remedied(task, well, said) is said and _remedied(task, None, said) is said


def test_what_computes_again_what_iree_does_not_is_not_faster() -> None:
    task = registry.task(softmax((1000, 64)), CPU)
    ill, well = sized(task, 8, 25), sized(task, 8, 40)
    assert task.default is not None
    assert _again(task, well, [ill, well, task.default]).tolist() == [math.log(4), 0, 0]
    assert _again(task, ill, [ill, well, task.default]).tolist() == [0, 0, 0]
    assert _again(task, None, [ill]).tolist() == [math.log(4)]


def test_a_softmax_is_never_small() -> None:
    tasks = [registry.task(WORKLOADS["odd matmul"], CPU), registry.task(softmax((4, 20)), CPU)]
    assert small(tasks) == set()


@pytest.mark.parametrize(("shape", "dim"), [("1000x64", 1), ("375x375", 0), ("6x375x375", 2)])
def test_iree_itself_computes_a_maximum_again(shape: str, dim: int) -> None:
    """What is counted is IREE's own choice for softmaxes of odd sizes."""
    kind = f"tensor<{shape}xf32>"
    text = f"""
func.func @main(%x: {kind}) -> {kind} {{
  %e = tensor.empty() : {kind}
  %r = linalg.softmax dimension({dim}) ins(%x : {kind}) outs(%e : {kind}) -> {kind}
  return %r : {kind}
}}
"""
    session = Session([*CPU_FLAGS, "--iree-llvmcpu-target-cpu=x86-64-v4"])
    module = session.run(session.parse_text(text), None, SOURCES)
    (site,) = Lowering().find(module, 1)
    task = site.task
    assert isinstance(task, DispatchTask)
    copy = session.run(module.clone().operation, SOURCES, CONFIGURED)
    baseline = task.read_back(configurations(copy)[site.name])
    assert task.again(baseline) > 1
    found = task.remedy(baseline)
    assert found is not None and found[1] < -0.3
