# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python API: what a program may be given as, and what a plan tells."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, dataclass, replace
from io import BytesIO
from pathlib import Path

import pytest
from iree.compiler import ir

import tlm_mlir
from tlm_mlir.compiler import steps
from tlm_mlir.errors import CompileError, InputError
from tlm_mlir.policy.compare import ESTIMATE, MEASUREMENTS
from tlm_mlir.policy.deciding import DEFAULT, FELL_BACK, SCHEDULED

ZEN3 = tlm_mlir.Options(cpu="znver3", cores=2)
MATMUL = (Path(__file__).resolve().parents[2] / "lit" / "matmul.mlir").read_text()


@dataclass(frozen=True)
class Exported:
    """What iree-turbine exports, as far as it is used."""

    mlir_module: ir.Operation


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
        given += [module.operation, Exported(module.operation)]
        plans = [tlm_mlir.schedule(source, scheduler=scheduler) for source in given]
        assert str(module) == before
    assert len({str(plan.module) for plan in plans}) == 1
    names = {f'tlm.source = "{name}"' for name in ("matmul.mlir", "the module")}
    scripts = [str(plan.script()) for plan in plans]
    assert {name for script in scripts for name in names if name in script} == names
    assert len({re.sub(r'tlm.source = "[^"]*"', "", script) for script in scripts}) == 1


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


def test_a_plan_is_finished(scheduler: tlm_mlir.Scheduler, tmp_path: Path) -> None:
    report = tlm_mlir.compile(MATMUL, tmp_path / "compiled.vmfb", scheduler=scheduler)
    plan = tlm_mlir.schedule(MATMUL, scheduler=scheduler)
    for out in (tmp_path / "first.vmfb", tmp_path / "second.vmfb"):
        finished = plan.finish(out)
        assert finished.decisions == report.decisions and not finished.warnings
        assert out.read_bytes() == (tmp_path / "compiled.vmfb").read_bytes()
    with pytest.raises(InputError, match="its folder does not exist"):
        plan.finish(tmp_path / "missing" / "out.vmfb")


@pytest.mark.parametrize("failures", [1, 100])
def test_a_plan_that_does_not_compile_falls_back(
    failures: int,
    scheduler: tlm_mlir.Scheduler,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attention = Path(__file__).resolve().parents[2] / "lit" / "attention.mlir"
    plan = tlm_mlir.schedule(attention, replace(ZEN3, graph=False), scheduler=scheduler)
    configure, left = steps.configure, [failures]

    def refuse(plan: steps.Plan) -> ir.Operation:
        left[0] -= 1
        if left[0] >= 0:
            raise CompileError("not this one")
        return configure(plan)

    monkeypatch.setattr(steps, "configure", refuse)
    report = plan.finish(tmp_path / "out.vmfb")
    assert (tmp_path / "out.vmfb").stat().st_size > 0
    assert ["(not this one)" in warning for warning in report.warnings] == [True] * (failures > 1)
    assert [row.outcome for row in report.dispatches] == [FELL_BACK if failures > 1 else SCHEDULED]


@pytest.mark.parametrize(
    ("cpu", "packing_by"), [("x86-64-v3", ESTIMATE), ("x86-64-v4", MEASUREMENTS)]
)
def test_every_decision_has_a_row(
    cpu: str, packing_by: str, scheduler: tlm_mlir.Scheduler, tmp_path: Path
) -> None:
    """Packing was measured on CPUs with vectors of 512 bits alone."""
    source = tmp_path / "matmul.mlir"
    source.write_text(MATMUL)
    options = tlm_mlir.Options(cpu=cpu, cores=2)
    report = tlm_mlir.compile(source, tmp_path / "out.vmfb", options, scheduler=scheduler)
    assert [row.point for row in report.decisions] == ["packing", "dispatch"]
    packing, dispatch = report.decisions
    assert packing.name == "linalg.matmul" and packing.location.startswith(str(source))
    assert packing.compared_by == packing_by and dispatch.compared_by == MEASUREMENTS
    assert {row.outcome for row in report.decisions} <= {SCHEDULED, DEFAULT, FELL_BACK}
    assert all(row.predicted is not None and row.schedule for row in report.decisions)
