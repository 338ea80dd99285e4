# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs that graph-level choices made slower than stock IREE: their ops stay as they are.

The model may write what it likes. What a choice gains is estimated from the program alone.
"""

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from test_graph_estimate import LAYOUTS, TILING, ZEN3, ZEN4, ops

from tlm_mlir.decisions.graph import MARGIN
from tlm_mlir.decisions.points import early_task
from tlm_mlir.policy.compare import Comparer
from tlm_mlir.targets.task import Task

CASES = Path(__file__).resolve().parents[1] / "cases"
LONG_REDUCTIONS = ["slow_k1", "slow_k3", "slow_k6", "slow_k8", "c36_split_k_small_mn"]
THIN = ["slow_m3", "slow_m3c", "slow_m4", "slow_m4c", "slow_m6", "slow_m7"]
FEW_ROWS = ["slow_k4", "slow_m8", "slow_row_1x3072x6144_t", "slow_row_1x6144x3072"]
ARGUMENTS = ["slow_m2"]
FILLED = ["slow_m5c", "slow_m8c"]
"""Weights whose elements are all equal: IREE fills them anew in every call."""
VECTORIZED = ["slow_v1", "slow_v1c", "slow_v5", "slow_v5c", "slow_w1", "slow_w1c"]
PATCHES = ["slow_patch_nhwc_4x4_3_40_s4", "c45_filter_const_first_layer"]
DILATED = ["slow_v2", "slow_w2"]
TYPES = [f"types/{name}" for name in ("f16_f32_f32", "f32_i8_f32", "i4_i8_i32", "i8_i4_i32")]
ON_AVX2 = ["slow_bf16_192x1024x768_t", "slow_f16_100x640x480", "slow_k2", "c03_large_k_ema"]
EVERYWHERE = [
    *(*LONG_REDUCTIONS, *THIN, *FEW_ROWS, *ARGUMENTS, *FILLED),
    *(*VECTORIZED, *PATCHES, *DILATED, *TYPES),
]


@cache
def found(name):
    """(workload, sources) of every op of a case that something is asked about."""
    source = (CASES / f"{name}.mlir").read_text()
    return [(op.workload, op.sources) for phase in (LAYOUTS, TILING) for op in ops(source, phase)]


def tasks(name, target):
    return [
        Task(workload, target, early_task(workload, target).question, sources)
        for workload, sources in found(name)
    ]


def lead(task):
    """The longest lead (in log latency) of what may be chosen for an op over leaving it alone."""
    every = task.one_token
    (logs,) = Comparer({}, "none").predict([task], [task.default], [every])
    return -float(np.min(logs))


@pytest.mark.parametrize(
    ("name", "target"),
    [
        *((name, target) for name in EVERYWHERE for target in (ZEN3, ZEN4)),
        *((name, ZEN3) for name in ON_AVX2),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.vector_bits}",
)
def test_nothing_is_gained(name, target):
    assert all(lead(task) < MARGIN for task in tasks(name, target))


def test_one_core_does_not_pack_rows_for_a_few_columns():
    """600 x 898 elements to pack, which lie beyond the second cache, and 4 columns to multiply."""
    (task,) = tasks("slow_rows_4x150x4x898_t", dataclasses.replace(ZEN4, cores=1))
    assert lead(task) < MARGIN


def test_what_is_gained_is_taken():
    """For bf16 where there is a kernel, and for windows that IREE does not vectorize."""
    for name in ("slow_bf16_192x1024x768_t", "slow_w3", "slow_w6", "types/i16_i16_i32"):
        assert any(lead(task) > MARGIN for task in tasks(name, ZEN4))
