# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is measured is what is shipped: one schedule's script on one function does to it what the
script of a whole program does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tlm_mlir.decisions.apply import apply_tokens
from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script
from tlm_mlir.ir.dispatch import Dispatch, find_dispatches
from tlm_mlir.iree.devices import gpu_flags
from tlm_mlir.iree.executables import functions_of
from tlm_mlir.iree.flags import cpu
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.targets import registry
from tlm_mlir.targets.dispatches import normalize, swap_operands

LIT = Path(__file__).resolve().parents[2] / "lit"
CPU = cpu("x86-64-v3")
PROGRAMS = [
    *(("matmul", CPU), ("conv", CPU), ("softmax", CPU), ("strided", CPU), ("attention", CPU)),
    *(("operand_order", CPU), ("cuda_matmul", gpu_flags("cuda", "sm_80"))),
    ("cuda_attention", gpu_flags("cuda", "sm_80")),
    ("vulkan_matmul", gpu_flags("vulkan", "ampere")),
]
DRAWS = 5


def drawn(dispatch: Dispatch, rng: np.random.Generator) -> tuple[ScheduledDispatch, Schedule]:
    """A random schedule of a dispatch that is not the default, where there is one."""
    workload, target = dispatch.reading.workload, target_of(dispatch)
    assert workload is not None
    task = registry.task(workload, target)
    tries = (task.random(rng) for _ in range(20))
    schedule = next((some for some in tries if not some.is_default), task.default)
    return ScheduledDispatch(dispatch.name, workload, dispatch.reading.names, schedule), schedule


def target_of(dispatch: Dispatch):  # type: ignore[no-untyped-def]
    return registry.read_target(dispatch.target, 2, dispatch.function.context)


@pytest.mark.parametrize(("name", "flags"), PROGRAMS, ids=[name for name, _ in PROGRAMS])
def test_measuring_applies_the_script_that_is_shipped(name: str, flags: tuple[str, ...]) -> None:
    session = Session(flags)
    source = session.run(session.parse(LIT / f"{name}.mlir"), None, SOURCES)
    # Again, as the pass does it, since that moves constants.
    for _ in range(2):
        normalize(source)
    rng = np.random.default_rng(0)
    for _ in range(DRAWS):
        shipped, measured = source.clone().operation, source.clone().operation
        dispatches = [swap_operands(d) for d in find_dispatches(shipped) if d.reading.workload]
        chosen = [drawn(dispatch, rng) for dispatch in dispatches]
        target = target_of(dispatches[0])
        script = build_script([dispatch for dispatch, _ in chosen], target, session.context)
        del dispatches
        SchedulePass(script).run(shipped)
        for dispatch, schedule in chosen:
            (function,) = [f for f in functions_of(measured) if dispatch.name in str(f)]
            tokens = registry.task(dispatch.workload, target).text(schedule)
            candidate = {"workload": dispatch.workload.to_json(), "target": target.to_json()}
            apply_tokens(function, {**candidate, "schedule": tokens})
        assert str(shipped) == str(measured)
        assert str(shipped) != str(source)
