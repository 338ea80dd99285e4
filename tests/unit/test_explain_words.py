# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules and workloads in words."""

from __future__ import annotations

import numpy as np
import pytest
from samples import TARGETS, WORKLOADS, attention, matmul
from test_gpu_estimate import HOPPER

from tlm_mlir.compiler.explain.details import Explainer
from tlm_mlir.compiler.explain.loops import OPTIONS, loop_nest
from tlm_mlir.decisions.point import Site
from tlm_mlir.decisions.points import early_task
from tlm_mlir.ir.naming import dim_names, title
from tlm_mlir.language.schedule import LEAVE, Decision, Schedule
from tlm_mlir.language.vocabulary import TOKENS
from tlm_mlir.policy.compare import MEASUREMENTS
from tlm_mlir.policy.deciding import SCHEDULED, Outcome
from tlm_mlir.policy.scheduler import Answer, Candidate
from tlm_mlir.targets import registry

CPU = TARGETS["avx512"]
TASKS = {
    f"{name}-{target.backend}": registry.task(workload, target)
    for name, workload in WORKLOADS.items()
    for target in (CPU, HOPPER)
    if workload.static and registry.task(workload, target).schedulable
    # Of a single number nothing is cut, and whether for the cache, too, changes nothing.
    if name != "one number"
}


@pytest.mark.parametrize("name", TASKS)
def test_two_schedules_never_have_the_same_words(name: str) -> None:
    task, rng = TASKS[name], np.random.default_rng(0)
    schedules = {task.random(rng) for _ in range(60)}
    assert len({loop_nest(task, schedule) for schedule in schedules}) == len(schedules)


def test_every_option_has_words() -> None:
    """A new option of a `Choice` is a token with a colon that is no property of hardware."""
    kinds = tuple({f"{token.partition(':')[0]}:" for token in OPTIONS})
    options = {token for token in TOKENS if token.startswith(kinds)}
    assert options - OPTIONS.keys() == {"pipeline:default", "graph:im2col-tiled"}


def test_a_matmul_in_words() -> None:
    task = registry.task(matmul(), CPU)
    text = (
        "pipeline:tile peel:yes @vector m5 z5 m3 z3 @reduce m2 z2 @distribute m5 z5 n0"
        " cache:yes m4 z4 n0 m2 z2 order:chosen d1 d0 <end>"
    )
    words = loop_nest(task, task.parse(text))
    assert words.startswith(
        "8 rows by 32 columns in registers; 4 of 200 steps of the sum at a time;"
        " a workgroup has 32 of 96 rows by all 64 columns; tiles of 16 of 96 rows"
    )
    assert words.endswith(
        "what a tile leaves over is peeled off; loops in the order columns, rows"
    )
    assert title(matmul()) == "matmul 96x64x200 f32 and 1 more op"


def test_an_attention_in_words() -> None:
    assert set(dim_names(attention()).values()) == {
        *("heads", "queries", "columns", "elements of a head", "keys")
    }
    assert title(attention()).startswith("attention ")


def test_what_is_left_alone_in_words() -> None:
    task = early_task(matmul(), CPU)
    assert task.default is not None and task.default.choice("graph") == LEAVE
    assert loop_nest(task, task.default) == "left as it is"
    lowering = registry.task(matmul(), CPU)
    assert lowering.default is not None
    assert loop_nest(lowering, lowering.default) == "as IREE does by itself"


@pytest.mark.parametrize("name", WORKLOADS)
def test_dims_have_names_of_their_own(name: str) -> None:
    names = dim_names(WORKLOADS[name])
    assert len(set(names.values())) == len(names) == len(WORKLOADS[name].extents)
    assert title(WORKLOADS[name])


def test_a_schedule_that_did_not_compile_is_told_of() -> None:
    task = registry.task(matmul(), CPU)
    first, second = (task.random(np.random.default_rng(seed)) for seed in range(2))
    found = (Candidate(first, -1.0), Candidate(second, -0.5))
    site = Site("dispatch", "name", "", None, task.workload, task)  # type: ignore[arg-type]
    outcome = Outcome(site, SCHEDULED, answer=Answer(first, -1.0, MEASUREMENTS, 0.3, found))
    scheduled, fallen = (
        Explainer({"dispatch": (some,)}, {})(some) for some in (outcome, outcome.fall_back("no"))
    )
    assert scheduled.ours is not None and scheduled.ours.predicted == -1.0
    assert [way.note for way in scheduled.others] == ["takes 1.65x as long as what is done"]
    assert fallen.ours is None
    assert [way.note for way in fallen.others] == [
        "does not compile",
        "1.65x as fast as IREE's default, and 1.35x is asked for",
    ]


def test_a_knob_without_words_is_told_by_its_name() -> None:
    schedule = Schedule((Decision("unroll", -1, "unroll:yes"), Decision("stripe", 0, 4)))
    words = loop_nest(registry.task(matmul(), CPU), schedule)
    assert words == "stripe 4 of 96 rows; unroll:yes"
