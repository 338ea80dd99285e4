# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scripts: one text for each schedule, and nothing in them but what schedules need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from iree.compiler import ir
from samples import TARGETS, WORKLOADS

from tlm_mlir.decisions.check import check_script
from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script
from tlm_mlir.errors import InputError
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import Schedule, decode
from tlm_mlir.targets import registry
from tlm_mlir.targets.target import CpuTarget

TARGET = TARGETS["avx512"]
STATIC = sorted(name for name, workload in WORKLOADS.items() if workload.static)
SHELL = """module attributes {{transform.with_named_sequence}} {{
  transform.named_sequence @__kernel_config(%f: !transform.any_op {{transform.consumed}}) {{
    {body}
    transform.yield
  }}
}}"""


@pytest.fixture(scope="module")
def context() -> ir.Context:
    return ir.Context()


@pytest.fixture
def text_of(context: ir.Context) -> Callable[..., str]:
    """The script's text for a workload's schedules."""

    def make(name: str, *schedules: Schedule) -> str:
        workload = WORKLOADS[name]
        ops = tuple("linalg.generic" for _ in workload.ops)
        dispatches = [
            ScheduledDispatch(f"dispatch_{number}", workload, ops, schedule)
            for number, schedule in enumerate(schedules)
        ]
        return str(build_script(dispatches, TARGET, context))

    return make


def drawn(name: str, count: int, seed: int = 0) -> list[Schedule]:
    """Random schedules of a workload, repeated draws included."""
    grammar = registry.task(WORKLOADS[name], TARGET).grammar()
    space = registry.task(WORKLOADS[name], TARGET).space
    rng = np.random.default_rng(seed)
    return [decode(grammar.sample(rng), space) for _ in range(count)]


@pytest.mark.parametrize("name", STATIC)
def test_texts_are_equal_exactly_where_schedules_are(name: str, text_of) -> None:
    schedules = drawn(name, 40)
    texts = {schedule: text_of(name, schedule) for schedule in schedules}
    assert len(set(texts.values())) == len(texts)
    for schedule, text in texts.items():
        assert text_of(name, Schedule(tuple(schedule.decisions))) == text


@pytest.mark.parametrize("name", STATIC)
def test_scripts_are_allowed_and_read_back_the_same(name: str, text_of, context) -> None:
    text = text_of(name, *drawn(name, 3, seed=1))
    module = ir.Module.parse(text, context)
    assert module.operation.verify()
    check_script(module.operation)
    assert str(module) == text


def test_dispatches_left_to_iree_have_no_sequence(text_of) -> None:
    space = registry.task(WORKLOADS["matmul"], TARGET).space
    default = decode(["pipeline:default", "<end>"], space)
    text = text_of("matmul", default)
    assert "schedule_0" not in text
    assert "@__kernel_config" in text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            '%g = transform.apply_registered_pass "canonicalize" to %f'
            " : (!transform.any_op) -> !transform.any_op",
            "the script holds transform.apply_registered_pass, which",
        ),
        (
            "%g = transform.structured.match ops{[\"linalg.matmul\"]} in %f"
            " : (!transform.any_op) -> !transform.any_op\n"
            "%h = transform.structured.generalize %g"
            " : (!transform.any_op) -> !transform.any_op",
            "the script holds transform.structured.generalize, which",
        ),
        ("transform.yield\n}\nfunc.func private @f() {", "the script holds func.func, which"),
    ],
)
def test_foreign_ops_are_refused(body: str, reason: str, context) -> None:
    module = ir.Module.parse(SHELL.format(body=body), context)
    with pytest.raises(InputError) as refusal:
        check_script(module.operation)
    assert reason in str(refusal.value)
    with pytest.raises(InputError):
        SchedulePass(module)


def test_a_script_needs_its_entry(context) -> None:
    text = SHELL.format(body="").replace("__kernel_config", "another")
    with pytest.raises(InputError, match="holds no sequence @__kernel_config"):
        SchedulePass(ir.Module.parse(text, context))


def test_context_that_has_not_used_the_dialect() -> None:
    """Named after a bug: the bindings crashed where nothing had loaded the dialect yet."""
    target = CpuTarget("llvm-cpu", 512, 2, 49152, 2097152, 0)
    assert "@__kernel_config" in str(build_script([], target, Session([]).context))
