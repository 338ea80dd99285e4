# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The schedule pass on modules that are not as `plan` leaves them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from iree.compiler import ir, passmanager

from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script, scheduled_names
from tlm_mlir.errors import CompileError
from tlm_mlir.ir.dispatch import find_dispatches
from tlm_mlir.iree.executables import configuration, functions_of
from tlm_mlir.iree.flags import cpu
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.targets import registry
from tlm_mlir.targets.cpu.host import UNKNOWN
from tlm_mlir.targets.dispatches import normalize

PROGRAM = Path(__file__).resolve().parents[2] / "lit" / "attention.mlir"
"""IREE takes an attention apart before it configures it, so normalizing changes it."""
FLAGS = cpu("x86-64-v4")


@pytest.fixture
def module() -> ir.Operation:
    """A module as IREE leaves it at `executable-sources`."""
    session = Session(FLAGS)
    return session.run(session.parse(PROGRAM), None, SOURCES)


def script_of(module: ir.Operation) -> ir.Module:
    """Random schedules for the dispatches of a module, in its own context."""
    other = module.clone().operation
    normalize(other)
    rng = np.random.default_rng(0)
    scheduled = []
    for dispatch in find_dispatches(other):
        target = registry.read_target(dispatch.target, 2, module.context)
        workload = dispatch.reading.workload
        assert workload is not None
        schedule = registry.task(workload, target).random(rng)
        scheduled.append(
            ScheduledDispatch(dispatch.name, workload, dispatch.reading.names, schedule)
        )
    return build_script(scheduled, target, module.context)


def configured(module: ir.Operation) -> list[str]:
    return [configuration(function) for function in functions_of(module)]


def test_a_module_is_normalized_by_the_pass(module: ir.Operation) -> None:
    script = script_of(module)
    assert "attention" in str(module) and "online_attention" not in str(module)
    other = module.clone().operation
    normalize(other)
    SchedulePass(script).run(module)
    SchedulePass(script).run(other)
    assert all(configured(module)) and configured(module) == configured(other)


def test_a_script_of_another_context_is_applied(module: ir.Operation) -> None:
    """Named after a bug: its sequences matched nothing, and nobody was told."""
    script = script_of(module)
    foreign = ir.Module.parse(str(script), Session(FLAGS).context)
    assert foreign.context != module.context
    other = module.clone().operation
    SchedulePass(script).run(other)
    SchedulePass(foreign).run(module)
    assert all(configured(module)) and str(module) == str(other)


def test_a_script_that_matches_nothing_is_refused(module: ir.Operation) -> None:
    script = script_of(module)
    (name,) = scheduled_names(script)
    renamed = ir.Module.parse(str(script).replace(name, "elsewhere"), module.context)
    with pytest.raises(CompileError, match=r"none of the functions.*\(elsewhere\) is there"):
        SchedulePass(renamed).run(module.clone().operation)
    with pytest.raises(CompileError, match="does not fit the module"):
        SchedulePass(script, only=["elsewhere"]).run(module)


def test_a_script_without_schedules_matches_nothing(module: ir.Operation) -> None:
    SchedulePass(build_script([], UNKNOWN, module.context)).run(module)
    assert not any(configured(module))


def test_the_pass_runs_in_a_pass_manager(module: ir.Operation) -> None:
    with module.context as context:
        manager = passmanager.PassManager("builtin.module", context)
        applied = SchedulePass(script_of(module))
        manager.add(applied, name=applied.name, argument=applied.name)
        manager.run(module)
    assert all(configured(module))
