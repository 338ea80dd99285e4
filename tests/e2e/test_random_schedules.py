# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whatever the grammar admits compiles, and IREE compiles it as it was asked to.

The programs are those of the IR tests in lit/. They are compiled for fixed CPUs, which this machine
need not be, and nothing is run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from iree.compiler import ir

from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script
from tlm_mlir.ir.dispatch import Dispatch, find_dispatches
from tlm_mlir.ir.workload import Workload
from tlm_mlir.iree.phases import CONFIGURED, SOURCES, TRANSLATED
from tlm_mlir.iree.session import Session
from tlm_mlir.targets import registry
from tlm_mlir.targets.cpu.host import cpu_target
from tlm_mlir.targets.dispatches import normalize
from tlm_mlir.targets.target import Target

PROGRAMS = (
    *("matmul", "conv", "strided", "attention", "softmax", "reduction_multi_op"),
    *("transpose", "copy", "operand_order", "panels", "grouped"),
)
LIT = Path(__file__).resolve().parents[2] / "lit"
CPUS = ("x86-64-v4", "x86-64-v3", "x86-64")
DRAWS = 12


@pytest.fixture(scope="module", params=CPUS)
def session(request: pytest.FixtureRequest) -> Session:
    return Session(
        [
            "--iree-hal-target-device=local",
            "--iree-hal-local-target-device-backends=llvm-cpu",
            "--iree-llvmcpu-target-triple=x86_64-linux-gnu",
            f"--iree-llvmcpu-target-cpu={request.param}",
        ]
    )


def workload_of(dispatch: Dispatch) -> Workload:
    assert dispatch.reading.workload is not None, dispatch.reading.reason
    return dispatch.reading.workload


def drawn(dispatch: Dispatch, target: Target, rng: np.random.Generator) -> ScheduledDispatch:
    """A random schedule for a dispatch, IREE's default not among them."""
    workload = workload_of(dispatch)
    schedule = registry.task(workload, target).random(rng)
    return ScheduledDispatch(dispatch.name, workload, dispatch.reading.names, schedule)


def check_configured(dispatch: Dispatch, asked: ScheduledDispatch, target: Target) -> None:
    """Every op of a configured dispatch, and its function, hold what the schedule asked for."""
    told = asked.configuration(target)
    with dispatch.function.context:
        info = ir.Attribute.parse(told.function["translation_info"])
        configs = [ir.Attribute.parse(op["lowering_config"]) for op in told.ops]
    assert dispatch.function.attributes["translation_info"] == info
    assert [op.attributes["lowering_config"] for op in dispatch.reading.ops] == configs


@pytest.mark.parametrize("program", PROGRAMS)
def test_random_schedules_compile_as_asked(session: Session, program: str) -> None:
    module = session.run(session.parse(LIT / f"{program}.mlir"), None, SOURCES)
    normalize(module)
    rng = np.random.default_rng(0)
    for _ in range(DRAWS):
        candidate = module.clone().operation
        dispatches = find_dispatches(candidate)
        target = cpu_target(dispatches[0].target, 2)
        asked = [drawn(dispatch, target, rng) for dispatch in dispatches]
        script = build_script(asked, target, session.context)
        SchedulePass(script, {dispatch.name for dispatch in asked}).run(candidate)
        configured = session.run(candidate, SOURCES, CONFIGURED)
        for dispatch, choice in zip(find_dispatches(configured), asked, strict=True):
            check_configured(dispatch, choice, target)
        session.run(configured, CONFIGURED, TRANSLATED)
