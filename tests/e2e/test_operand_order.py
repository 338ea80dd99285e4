# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Contractions whose factors stand in the order that IREE lowers badly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from running import loaded, target_of

from tlm_mlir.compiler.driver import plan, write_script
from tlm_mlir.compiler.options import Options
from tlm_mlir.decisions.apply import apply_tokens
from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script
from tlm_mlir.ir.dispatch import Dispatch, find_dispatches
from tlm_mlir.ir.workload import Workload
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.targets import registry
from tlm_mlir.targets.dispatches import swap_operands

PROGRAM = Path(__file__).resolve().parents[2] / "lit" / "operand_order.mlir"
SCHEDULE = (
    "pipeline:tile peel:no @vector m4 z4 m3 z3 @reduce m2 z2 @distribute m5 z5 n0 cache:no"
    " order:plain <end>"
)
COLUMNS, ROWS = "arith.mulf %in, %in_0", "arith.mulf %in_0, %in"


def read(dispatch: Dispatch) -> Workload:
    assert dispatch.reading.workload is not None, dispatch.reading.reason
    return dispatch.reading.workload


def test_the_order_of_factors_does_not_change_values(tmp_path: Path) -> None:
    result = plan(PROGRAM, Options(graph=False))
    (dispatch,) = result.dispatches
    assert not read(dispatch).root_op.columns_first and ROWS in str(result.module)
    target, workload = target_of(result), read(dispatch)
    schedule = registry.task(workload, target).parse(SCHEDULE)
    chosen = ScheduledDispatch(dispatch.name, workload, dispatch.reading.names, schedule)
    SchedulePass(build_script([chosen], target, result.session.context)).run(result.module)
    result.session.finish(result.module, SOURCES, tmp_path / "out.vmfb")
    random = np.random.default_rng(0)
    image = random.standard_normal((32, 784), np.float32)
    weights = random.standard_normal((64, 32), np.float32)
    found = loaded(tmp_path / "out.vmfb")["columns_first"](image, weights).to_host()
    np.testing.assert_allclose(found, weights @ image, rtol=1e-4, atol=1e-4)


def test_the_pass_and_measuring_change_it_as_plans_do() -> None:
    result = plan(PROGRAM, Options(graph=False), rewrite=False)
    (dispatch,) = result.dispatches
    before = read(dispatch)
    assert before.root_op.columns_first and COLUMNS in str(result.module)
    target = target_of(result)
    other = result.module.clone().operation
    SchedulePass(build_script([], target, result.session.context)).run(result.module)
    assert ROWS in str(result.module)
    (measured,) = find_dispatches(other)
    candidate = {"target": target.to_json(), "schedule": "pipeline:default <end>"}
    apply_tokens(measured.function, {**candidate, "workload": before.to_json()})
    assert COLUMNS in str(other)
    apply_tokens(measured.function, {**candidate, "workload": before.swapped().to_json()})
    assert str(other) == str(result.module)
    (again,) = find_dispatches(other)
    swap_operands(again)
    assert str(other) == str(result.module)


def test_a_script_for_stock_iree_leaves_them(tmp_path: Path) -> None:
    report = write_script(PROGRAM, tmp_path / "script.mlir", Options())
    (row,) = report.dispatches
    assert row.outcome == "left" and "multiplies columns by rows" in row.reason


def test_gpus_keep_the_order() -> None:
    result = plan(PROGRAM, Options(target="cuda", arch="sm_80"))
    assert ROWS not in str(result.module)
