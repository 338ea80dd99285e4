# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What IREE would do by itself, read off its own configuration."""

from __future__ import annotations

from pathlib import Path

from iree.compiler import ir

from tlm_mlir.ir.dispatch import find_dispatches
from tlm_mlir.ir.workload import Workload
from tlm_mlir.iree.executables import alone, configurations, exchange, functions_of, standalone
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.iree.module import body
from tlm_mlir.iree.phases import CONFIGURED, SOURCES, TRANSLATED
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.targets import registry
from tlm_mlir.targets.cpu.tile import TILE
from tlm_mlir.targets.dispatches import normalize
from tlm_mlir.targets.iree_default import IreeDefault
from tlm_mlir.targets.target import Target

FLAGS, NARROW = (
    [*CPU_FLAGS, f"--iree-llvmcpu-target-cpu={cpu}"] for cpu in ("x86-64-v4", "x86-64-v3")
)
MATMUL = (Path(__file__).resolve().parents[2] / "lit" / "matmul.mlir").read_text()


def in_program(flags: list[str]) -> tuple[str, Workload, Target, Schedule]:
    """The matmul's dispatch by itself, and what IREE chooses for it in its program."""
    session = Session(flags)
    module = session.run(session.parse_text(MATMUL), None, SOURCES)
    normalize(module)
    (dispatch,) = find_dispatches(module)
    workload, source = dispatch.reading.workload, standalone(dispatch.executable, dispatch.name)
    assert workload is not None and source is not None
    target = registry.read_target(dispatch.target, 2, session.context)
    configured = session.run(module, SOURCES, CONFIGURED)
    own = registry.task(workload, target).read_back(configurations(configured)[dispatch.name])
    assert own is not None and own.pipeline == TILE.token
    assert all(own.size("vector", dim) > 1 for dim in (0, 1))
    return source, workload, target, own


def test_the_same_in_a_program_and_alone() -> None:
    source, workload, target, own = in_program(FLAGS)
    assert IreeDefault(FLAGS)(source, workload, target) == own


def test_a_dispatch_of_another_cpu_gets_the_choice_for_the_target() -> None:
    source, workload, wide, own = in_program(FLAGS)
    _, same, narrow, other = in_program(NARROW)
    assert same == workload and other != own and narrow.to_json() != wide.to_json()
    choice = IreeDefault(FLAGS)
    assert choice(source, workload, narrow) == other
    assert choice(source, workload, wide) == own


def test_an_executable_is_exchanged_in_its_place() -> None:
    session = Session(FLAGS)
    module = session.run(session.parse_text(MATMUL), None, SOURCES)
    normalize(module)
    (dispatch,) = find_dispatches(module)
    other = alone(dispatch.executable)
    functions_of(other)[0].attributes["mark"] = ir.UnitAttr.get(session.context)
    before = [op.name for op in body(module)]
    exchange(module, other)
    assert [op.name for op in body(module)] == before
    assert "mark" in functions_of(module)[0].attributes
    session.run(module, SOURCES, TRANSLATED)
