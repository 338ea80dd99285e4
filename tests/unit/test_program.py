# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Benchmarked programs: which inputs they take, and when two results agree."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tlm_mlir.errors import InputError
from tlm_mlir.report.program import relative_error, source_inputs

TORCH = """
func.func @main(%a: !torch.vtensor<[1,3,8],f32>, %b: !torch.vtensor<[4],si64>)
    -> !torch.vtensor<[1,3,8],f32> {
  return %a : !torch.vtensor<[1,3,8],f32>
}"""
PLAIN = """
func.func private @helper(%a: tensor<2xf32>) -> tensor<2xf32>
func.func @first(%a: tensor<2x3xf16>, %n: i32) -> tensor<2x3xf16> {
  return %a : tensor<2x3xf16>
}
func.func @second(%a: tensor<?xf32>) -> tensor<?xf32> {
  return %a : tensor<?xf32>
}"""
NAN, INF = math.nan, math.inf


@pytest.fixture
def source(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "in.mlir"
        path.write_text(text)
        return path

    return write


def test_modules_from_torch_say_their_inputs_in_types_of_torch(source) -> None:
    """Found with ResNet-50: its program declares no inputs, and was called without any."""
    assert source_inputs(source(TORCH)) == [
        ((1, 3, 8), np.dtype(np.float32)),
        ((4,), np.dtype(np.int64)),
    ]


def test_the_first_public_function_is_taken(source) -> None:
    assert source_inputs(source(PLAIN)) == [
        ((2, 3), np.dtype(np.float16)),
        ((), np.dtype(np.int32)),
    ]


def test_inputs_that_cannot_be_made_are_refused(source) -> None:
    with pytest.raises(InputError, match="cannot be made up; benchmark a static program"):
        source_inputs(source(PLAIN), "second")
    with pytest.raises(InputError, match="no public function 'helper'; it has first, second"):
        source_inputs(source(PLAIN), "helper")


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
    ],
)
def test_relative_error(got: list[float], want: list[float], error: float) -> None:
    """Found by reading: NaN on both sides passed for agreement, wherever it stood."""
    assert relative_error([np.array(got)], [np.array(want)]) == error
