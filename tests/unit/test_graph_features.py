# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Features of ops before dispatches are formed: the same columns for all, and what they tell."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from samples import TARGETS, convolution, matmul

from tlm_mlir.decisions.points import early_task
from tlm_mlir.ir.workload import Workload
from tlm_mlir.targets.features import NONE, TO_IREE, Features
from tlm_mlir.targets.target import CpuTarget
from tlm_mlir.targets.task import Task

CPUS = [target for target in TARGETS.values() if isinstance(target, CpuTarget)]
SOURCES = ("stored", "constant")


def _task(workload: Workload, target: CpuTarget, *sources: str) -> Task[CpuTarget]:
    return replace(early_task(workload, target), sources=sources)


def _features(task: Task[CpuTarget]) -> list[Features]:
    options = [option for option in task.one_token if not option.is_default]
    return task.features(options, task.default)


@pytest.mark.parametrize("kind", [matmul, convolution])
def test_all_options_on_all_cpus_have_the_same_columns(kind: type) -> None:
    rows = [row for cpu in CPUS for row in _features(_task(kind(), cpu, *SOURCES))]
    assert len({tuple(row) for row in rows}) == 1 and len(rows) >= len(CPUS)
    assert all(math.isfinite(value) for row in rows for value in row.values())


def test_sizes_sources_and_estimates_are_told() -> None:
    task = _task(replace(matmul(), extents=(48, 26, 1024)), TARGETS["avx512"], *SOURCES)
    (row,) = _features(task)
    sizes = [2 ** row[name] for name in ("rows", "columns", "summed")]
    assert sizes == pytest.approx([48, 26, 1024])
    assert row["columns' factor: constant"] == row["rows' factor: stored"] == 1.0
    # 26 lanes are a register of 16, one of 8 and one of 2.
    assert (row["vector columns"], row["registers"]) == (26, 3)
    assert task.default is not None
    (tiled,) = (option for option in task.one_token if not option.is_default)
    gain = task.estimate(tiled) / task.estimate(task.default)
    assert row[f"{TO_IREE}estimate"] == pytest.approx(math.log2(gain))
    assert row["estimate of graph:tiled"] == row[f"{TO_IREE}estimate"]


def test_an_option_that_is_not_open_has_no_estimate() -> None:
    last = replace(early_task(convolution(), TARGETS["avx512"]), sources=SOURCES)
    rows = _features(last)
    closed = {"graph:channels-last", "graph:im2col"} - {
        option.choice("graph") for option in last.one_token
    }
    assert all(row[f"estimate of {name}"] == NONE for row in rows for name in closed)
    assert all(sum(row[f"is graph:{n}"] for n in ("channels-last", "im2col")) == 1 for row in rows)
