# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""When the results of two programs agree."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tlm_mlir.bench.agreement import difference, relative_error, tolerance
from tlm_mlir.bench.elements import element_of
from tlm_mlir.bench.values import value_of

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("got", "want", "error"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 2.5], [1.0, 2.0], 0.25),
        ([0.0], [0.0], 0.0),
        ([1.0, NAN], [1.0, 2.0], INF),
        ([1.0, 2.0], [1.0, NAN], INF),
        ([NAN, 1.0], [1.0, NAN], INF),
        ([NAN, 1.0], [NAN, 2.0], 0.5),
        ([INF, 1.0], [INF, 1.0], 0.0),
        ([INF, 1.0], [-INF, 1.0], INF),
        ([1.0], [1.0, 1.0], INF),
        ([1 + 1j], [1 + 2j], 0.5),
        ([True, False], [True, True], 1.0),
        ([-1, 4], [1, 4], 0.5),
        ([], [], 0.0),
    ],
)
def test_relative_error(got: list, want: list, error: float) -> None:
    """Found by reading: NaN on both sides passed for agreement, wherever it stood."""
    assert relative_error(np.array(got), np.array(want)) == error


def test_integers_that_are_equal_as_floats_still_differ() -> None:
    big = np.array([2**60])
    assert relative_error(big, big) == 0
    assert relative_error(big + 1, big) > 0


def test_results_of_another_number_type_or_shape_differ() -> None:
    one = value_of(np.zeros((2, 3), np.float32))
    assert difference([one], [one]) == 0
    assert difference([one], [one, one]) == INF
    assert difference([value_of(np.zeros((2, 3), np.float64))], [one]) == INF
    assert difference([value_of(np.zeros((3, 2), np.float32))], [one]) == INF


@pytest.mark.parametrize(
    ("names", "limit"),
    [
        (("f32", "i8"), 1e-3),
        (("f64",), 1e-3),
        (("i8", "i32"), 0),
        ((), 0),
        (("f16", "f32"), 4 * 2**-10),
        (("bf16", "f32"), 4 * 2**-7),
        (("f8E4M3FN", "f32"), 0.5),
    ],
)
def test_tolerance_is_that_of_the_coarsest_float(names: tuple[str, ...], limit: float) -> None:
    """One step of bf16 is 0.8% and was taken for wrong values; integers must be equal."""
    assert tolerance(map(element_of, names)) == limit
