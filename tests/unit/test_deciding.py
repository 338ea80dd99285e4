# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which dispatches are too small to ask about, and what becomes of those that are asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from samples import TARGETS, argmax, attention, elementwise, matmul
from test_gpu_estimate import HOPPER

from tlm_mlir.decisions.dispatch import OPERATIONS_AN_ELEMENT, small, work
from tlm_mlir.decisions.point import AT_LOAD, LEFT, Site
from tlm_mlir.ir.workload import Workload
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.policy import remembering
from tlm_mlir.policy.compare import ESTIMATE, MEASUREMENTS
from tlm_mlir.policy.deciding import (
    DEFAULT,
    FELL_BACK,
    IREE,
    MODEL,
    OTHERS,
    SCHEDULED,
    Outcome,
    decide,
)
from tlm_mlir.policy.remembering import Remembering
from tlm_mlir.policy.scheduler import Answer
from tlm_mlir.targets import registry
from tlm_mlir.targets.backend import DispatchTask
from tlm_mlir.targets.task import Task

CPU = TARGETS["avx512"]
NOTHING: Any = None


def tasks(*workloads: Workload) -> list[DispatchTask[Any]]:
    return [registry.task(workload, CPU) for workload in workloads]


def site(task: Task[Any] | None, reason: str = "", left: str = LEFT) -> Site:
    workload = task.workload if task else None
    return Site("dispatch", "name", "", NOTHING, workload, task, reason, left)


class Told:
    """A policy that answers what it is told, and keeps what it was asked."""

    identity = "told"

    def __init__(self, answers: Sequence[Schedule], compared_by: str = "") -> None:
        self.answers, self.by = answers, compared_by
        self.asked: list[tuple[Task[Any], Schedule | None]] = []

    def compared_by(self, task: Task[Any]) -> str:
        return self.by

    def ask(
        self,
        tasks: Sequence[Task[Any]],
        baselines: Sequence[Schedule | None],
        samples: int | None = None,
    ) -> list[Answer]:
        self.asked += zip(tasks, baselines, strict=True)
        return [Answer(answer, -0.1, self.by) for answer in self.answers[: len(tasks)]]


def test_work_is_arithmetic_and_what_is_moved() -> None:
    copy = elementwise((40, 60))
    assert copy.moved == 2 * 40 * 60
    assert work(copy) == copy.flops + OPERATIONS_AN_ELEMENT * copy.moved
    # Both operands and the result, then the bias; what the first op hands to the second stays.
    assert matmul().moved == 96 * 200 + 200 * 64 + 96 * 64 + 64 + 96 * 64


def test_the_least_dispatches_are_small_together() -> None:
    some = tasks(*(elementwise(shape) for shape in ((100, 1000), (1000,), (900,), (950,))))
    # 900 and 950 of 102,850 are less than two percent, with 1,000 they are more.
    assert small(some) == {2, 3}


def test_a_program_of_one_dispatch_is_asked_about() -> None:
    assert small(tasks(elementwise((3,)))) == set()


def test_what_is_never_small() -> None:
    wide = replace(attention(), extents=(1, 4, 64, 256, 4))
    assert registry.task(wide, CPU).default is None
    assert small([*tasks(elementwise((10_000_000,)), wide, attention()), None]) == set()


def test_equal_tasks_are_asked_about_once() -> None:
    one, other = tasks(matmul(), elementwise((100, 100)))
    drawn = [task.random(np.random.default_rng(0)) for task in (one, other)]
    policy = Told(drawn)
    found = decide([site(one), site(other), site(one)], lambda _: drawn[1], policy)
    assert [task for task, _ in policy.asked] == [one, other]
    assert [outcome.schedule for outcome in found] == [drawn[0], drawn[1], drawn[0]]
    assert {outcome.outcome for outcome in found} == {SCHEDULED}
    assert found[0].text == one.text(drawn[0])


def test_what_is_not_asked_about_says_why() -> None:
    (task,) = tasks(matmul())
    assert task.default is not None
    long = replace(task, workload=replace(matmul(), ops=matmul().ops * 40))
    sites = [site(None, "is odd"), site(None, "runs once", AT_LOAD), site(long), site(task)]
    found = decide(sites, lambda _: None, Told([task.default]))
    assert [(o.outcome, o.reason) for o in found[:2]] == [(LEFT, "is odd"), (AT_LOAD, "runs once")]
    assert found[2].outcome == LEFT and "and the model reads" in found[2].reason
    assert found[3].outcome == DEFAULT and found[3].schedule is None
    assert all(outcome.text == "" for outcome in found[:3])


def test_an_estimate_needs_to_know_what_iree_does() -> None:
    task = registry.task(matmul(), HOPPER)
    policy = Told([task.random(np.random.default_rng(0))], ESTIMATE)
    (left,) = decide([site(task)], lambda _: None, policy)
    assert left.outcome == LEFT and "no estimate of what IREE does" in left.reason
    (kept,) = decide([site(task)], lambda _: policy.answers[0], policy)
    assert kept.outcome == SCHEDULED and len(policy.asked) == 1


def test_nothing_is_asked_of_measurements_about_what_none_was_made_of() -> None:
    (task,) = tasks(argmax())
    policy = Told([task.random(np.random.default_rng(0))], MEASUREMENTS)
    (left,) = decide([site(task)], lambda _: policy.answers[0], policy)
    assert (left.outcome, policy.asked) == (LEFT, [])
    assert "no such dispatch was measured" in left.reason
    (row,) = argmax().ops
    largest = replace(row, outputs=row.outputs[:1], body=("maximumf(a0,a1)", "yield(v0)"))
    (rows,) = tasks(replace(argmax(), ops=(largest,)))
    (left,) = decide([site(rows)], lambda _: policy.answers[0], policy)
    assert (left.outcome, policy.asked) == (LEFT, []) and "other than a sum" in left.reason
    # What is estimated needs no measurements.
    (kept,) = decide([site(task)], lambda _: policy.answers[0], Told(policy.answers, ESTIMATE))
    assert kept.outcome == SCHEDULED


def test_what_fell_back_is_not_applied_and_still_told() -> None:
    (task,) = tasks(matmul())
    drawn = task.random(np.random.default_rng(0))
    (outcome,) = decide([site(task)], lambda _: None, Told([drawn]))
    fallen = outcome.fall_back("is refused")
    assert (fallen.outcome, fallen.reason, fallen.schedule) == (FELL_BACK, "is refused", None)
    assert fallen.text == task.text(drawn)


def test_a_policy_that_remembers_asks_once_about_equal_tasks() -> None:
    first, second = tasks(matmul(), elementwise((100, 100)))
    policy = Told([first.default, second.default])
    remembered = Remembering(policy)
    assert remembered.identity == policy.identity
    known = remembered.ask([first], [None])
    both = remembered.ask([second, first], [None, None])
    assert [task for task, _ in policy.asked] == [first, second]
    assert both[1] == known[0]
    # What IREE does by itself is a part of the question.
    remembered.ask([first], [first.default])
    assert policy.asked[-1] == (first, first.default)


def test_a_policy_that_remembers_too_much_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST", 1)
    first, second = tasks(matmul(), elementwise((100, 100)))
    policy = Told([first.default, second.default])
    remembered = Remembering(policy)
    remembered.ask([first], [None])
    assert len(remembered.ask([first, second], [None, None])) == 2
    assert len(policy.asked) == 3


@pytest.mark.parametrize(("written", "author"), [(True, MODEL), (False, OTHERS)])
def test_it_is_told_who_wrote_what_is_done(written: bool, author: str) -> None:
    (task,) = tasks(matmul())
    answer = Answer(task.random(np.random.default_rng(0)), written=written)
    done = Outcome(site(task), SCHEDULED, answer=answer)
    assert done.author == author
    # What does not compile is IREE's, whoever wrote it.
    assert done.fall_back("").author == IREE
    assert Outcome(site(task), DEFAULT, answer=answer).author == IREE
    assert Outcome(site(None), LEFT).author == LEFT
    assert Outcome(site(None), AT_LOAD).author == AT_LOAD
