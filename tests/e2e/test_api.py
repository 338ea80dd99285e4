# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python API: what a program may be given as, and what a plan tells."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from io import BytesIO
from pathlib import Path

import pytest
from iree.compiler import ir

import tlm_mlir
from tlm_mlir.compiler import steps
from tlm_mlir.errors import InputError
from tlm_mlir.policy.compare import ESTIMATE, MEASUREMENTS
from tlm_mlir.policy.deciding import DEFAULT, FELL_BACK, SCHEDULED

MATMUL = (Path(__file__).resolve().parents[2] / "lit" / "matmul.mlir").read_text()


@pytest.fixture(scope="module")
def scheduler() -> tlm_mlir.Scheduler:
    return tlm_mlir.Scheduler()


def test_a_program_is_a_path_text_bytes_or_a_module(
    scheduler: tlm_mlir.Scheduler, tmp_path: Path
) -> None:
    path = tmp_path / "matmul.mlir"
    path.write_text(MATMUL)
    bytecode = BytesIO()
    with ir.Context(), ir.Location.unknown():
        module = ir.Module.parse(MATMUL)
        module.operation.write_bytecode(bytecode)
        before = str(module)
        given = [path, str(path), MATMUL, MATMUL.encode(), bytecode.getvalue(), module]
        given.append(module.operation)
        plans = [tlm_mlir.schedule(source, scheduler=scheduler) for source in given]
        assert str(module) == before
    assert len({str(plan.module) for plan in plans}) == 1
    assert len({str(plan.script()) for plan in plans}) == 1


@pytest.mark.parametrize("source", [b"this is no MLIR", "neither\nis this", Path("missing.mlir")])
def test_what_is_no_program(source: bytes | str | Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not MLIR|does not exist"):
        tlm_mlir.compile(source, tmp_path / "out.vmfb")


def test_a_plan_is_not_changed_by_what_comes_after(
    scheduler: tlm_mlir.Scheduler, tmp_path: Path
) -> None:
    plan = tlm_mlir.schedule(MATMUL, scheduler=scheduler)
    before = str(plan.module), str(plan.configured), str(plan.script())
    with pytest.raises(FrozenInstanceError):
        plan.model = "another"  # type: ignore[misc]
    configured = steps.configure(plan)
    steps.finish(plan, configured, tmp_path / "first.vmfb")
    steps.finish(plan, steps.configure(plan), tmp_path / "second.vmfb")
    assert (str(plan.module), str(plan.configured), str(plan.script())) == before
    assert (tmp_path / "first.vmfb").read_bytes() == (tmp_path / "second.vmfb").read_bytes()


def test_every_decision_has_a_row(scheduler: tlm_mlir.Scheduler, tmp_path: Path) -> None:
    source = tmp_path / "matmul.mlir"
    source.write_text(MATMUL)
    report = tlm_mlir.compile(source, tmp_path / "out.vmfb", scheduler=scheduler)
    assert [row.point for row in report.decisions] == ["packing", "dispatch"]
    packing, dispatch = report.decisions
    assert packing.name == "linalg.matmul" and packing.location.startswith(str(source))
    assert packing.compared_by == ESTIMATE and dispatch.compared_by == MEASUREMENTS
    assert {row.outcome for row in report.decisions} <= {SCHEDULED, DEFAULT, FELL_BACK}
    assert all(row.predicted is not None and row.schedule for row in report.decisions)
