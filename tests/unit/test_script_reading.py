# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scripts know what they are for, and give back exactly the schedules that they were made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iree.compiler import ir
from samples import TARGETS, WORKLOADS
from test_gpu_estimate import HOPPER

from tlm_mlir import __version__
from tlm_mlir.decisions import script_header as header
from tlm_mlir.decisions.script import build_script
from tlm_mlir.decisions.script_header import Origin, ScheduledDispatch
from tlm_mlir.decisions.script_reading import read_script, read_sequences
from tlm_mlir.errors import InputError
from tlm_mlir.iree.release import RELEASE
from tlm_mlir.policy.saved import ABSENT, SavedSchedules
from tlm_mlir.policy.scheduler import Answer
from tlm_mlir.targets import registry
from tlm_mlir.targets.target import Target

CPU = TARGETS["avx512"]
CONTEXT = ir.Context()
ORIGIN = Origin("0123456789abcdef", "model.mlir")


def schedulable(target: Target) -> list[str]:
    return sorted(
        name
        for name, workload in WORKLOADS.items()
        if workload.static and registry.task(workload, target).schedulable
    )


def drawn(names: list[str], target: Target, seed: int) -> list[ScheduledDispatch]:
    """A random schedule for each of some workloads."""
    rng = np.random.default_rng(seed)
    return [
        ScheduledDispatch(
            f"dispatch_{place}",
            WORKLOADS[name],
            tuple("linalg.generic" for _ in WORKLOADS[name].ops),
            registry.task(WORKLOADS[name], target).random(rng),
            gain=1.25,
        )
        for place, name in enumerate(names)
    ]


def scripted(dispatches: list[ScheduledDispatch], target: Target = CPU) -> ir.Module:
    return build_script(dispatches, target, CONTEXT, ORIGIN)


@given(st.sampled_from([CPU, HOPPER]), st.data())
def test_a_script_gives_back_its_schedules(target: Target, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(schedulable(target)), min_size=1, unique=True))
    dispatches = drawn(names, target, data.draw(st.integers(0, 1000)))
    script = scripted(dispatches, target)
    read = ir.Module.parse(str(script), CONTEXT)
    tasks = [registry.task(dispatch.workload, target) for dispatch in dispatches]
    answers = SavedSchedules(read).ask(tasks, [None] * len(tasks))
    assert [a.schedule for a in answers] == [dispatch.schedule for dispatch in dispatches]
    pairs = zip(dispatches, answers, strict=True)
    again = [replace(dispatch, schedule=answer.schedule) for dispatch, answer in pairs]
    assert str(scripted(again, target)) == str(script)


def test_a_script_says_what_it_is_for() -> None:
    script = scripted(drawn(["matmul"], CPU, 0))
    says = header.told(script.operation)
    assert says[header.IREE] == RELEASE and says[header.VERSION] == __version__
    assert says[header.MODEL] == ORIGIN.model and says[header.SOURCE] == ORIGIN.source
    assert Target.from_json(says[header.TARGET]) == CPU
    (sequence,) = read_sequences(script)
    assert sequence.function == "dispatch_0" and sequence.gain == "1.25x"
    assert sequence.op == "matmul 96x64x200 f32 and 1 more op"
    assert sequence.workload == WORKLOADS["matmul"].digest


def ask(script: ir.Module | str, name: str = "matmul", target: Target = CPU) -> Answer:
    module = ir.Module.parse(script, CONTEXT) if isinstance(script, str) else script
    (answer,) = SavedSchedules(module).ask([registry.task(WORKLOADS[name], target)], [None])
    return answer


def edited(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def test_what_is_asked_of_a_script() -> None:
    (dispatch,) = drawn(["matmul"], CPU, 0)
    script = scripted([dispatch])
    assert ask(script).schedule == dispatch.schedule
    with pytest.raises(InputError, match=r"none of the dispatches .* \(dispatch_0\)"):
        ask(script, "norm")
    with pytest.raises(InputError, match="is for the target .* and the module for .*; give"):
        ask(script, target=TARGETS["avx2"])
    elsewhere = replace(CPU, cores=64, l1=0, l2=0, l3=0)
    assert ask(script, target=elsewhere).schedule == dispatch.schedule
    tasks = [registry.task(WORKLOADS[name], CPU) for name in ("matmul", "norm")]
    _, left = SavedSchedules(script).ask(tasks, [None, None])
    assert left.schedule.is_default and left.why == ABSENT


def test_edited_scripts_are_not_taken_for_their_tokens() -> None:
    text = str(scripted(drawn(["matmul"], CPU, 0)))
    same = r"does not do what its tokens say"
    with pytest.raises(InputError, match=same):
        ask(edited(text, "vector_reduction = [0, 0, ", "vector_reduction = [0, 0, 1"))
    with pytest.raises(InputError, match=same):
        ask(edited(text, "%2#0, %3", "%2#1, %3"))
    with pytest.raises(InputError, match="says a gain of 'much'"):
        ask(edited(text, '"1.25x"', '"much"'))
    with pytest.raises(InputError, match="does not say which target"):
        ask(edited(text, "tlm.target", "tlm.aim"))
    # What the entry does not include is never applied.
    include = "    transform.include @schedule_0 failures(propagate) (%0)"
    (line,) = [line for line in text.splitlines() if line.startswith(include)]
    assert ask(edited(text, line, "")).why == ABSENT


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no MLIR", "is not MLIR that IREE reads"),
        (b"\xff\xfe", "is no text; give a script"),
        (b"module {}", "holds no sequence @__kernel_config"),
        (b'module attributes {tlm.iree = "3.12.0"} {}', "was written for IREE 3.12.0 and this is"),
        (None, "cannot be read: No such file"),
    ],
)
def test_files_that_are_no_scripts(content: bytes | None, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "script.mlir"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read_script(path)
