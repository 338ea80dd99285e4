# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Features of schedules for GPUs: of one form, with the estimate."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from samples import walks
from test_gpu_estimate import ADRENO, HOPPER, LARGE, tiled

from tlm_mlir.targets import registry
from tlm_mlir.targets.features import IREE, NONE, TO_IREE

LARGE_MATMUL = registry.task(LARGE, HOPPER)
NAMES = list(LARGE_MATMUL.features([tiled("vector", [1, 4], [1, 32], 4)], None)[0])


@given(walks({"hopper": HOPPER, "adreno": ADRENO}))
def test_every_schedule_has_the_same_features(walk) -> None:  # type: ignore[no-untyped-def]
    task, tokens = walk
    schedule = task.decode(tokens)
    if schedule.is_default:
        return
    for own in (None, schedule):
        (found,) = task.features([schedule], own)
        assert list(found) == NAMES and all(map(math.isfinite, found.values()))


def test_the_estimate_and_what_it_is_made_of() -> None:
    mine, own = tiled("promote", [8, 8], [16, 16], 16), tiled("vector", [1, 1], [1, 32], 4)
    (found,) = LARGE_MATMUL.features([mine], own)
    estimates = [LARGE_MATMUL.estimate(schedule) for schedule in (mine, own)]
    assert found["estimate"] == pytest.approx(math.log2(estimates[0]))
    assert found[f"{IREE}estimate"] == pytest.approx(math.log2(estimates[1]))
    assert found[f"{TO_IREE}estimate"] == pytest.approx(math.log2(estimates[0] / estimates[1]))
    # 16 by 16 invocations of 8 by 8 points; a row of 32 of one point each.
    assert found["threads"] == 8 and found[f"{IREE}threads"] == 5
    assert found["thread parallel 0"] == 3 and found[f"{TO_IREE}group parallel 1"] == 4
    (alone,) = LARGE_MATMUL.features([mine], None)
    assert alone[f"{IREE}estimate"] == alone[f"{TO_IREE}estimate"] == NONE


def test_a_device_shows_in_what_it_holds() -> None:
    wide = tiled("promote", [8, 8], [16, 16], 16)
    rows = [registry.task(LARGE, target).features([wide], None)[0] for target in (HOPPER, ADRENO)]
    assert rows[0]["rounds"] != rows[1]["rounds"] and rows[0]["resident"] >= rows[1]["resident"]
