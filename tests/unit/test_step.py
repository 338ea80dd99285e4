# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A step that gives no numbers is an error, not a choice."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from tlm_mlir.errors import CheckpointError
from tlm_mlir.model.step import Dimensions, Step

SIZE = Dimensions(layers=1, heads=1, depth=4, positions=64, vocabulary=6)
ROWS = 8


@dataclass
class OnDevice:
    """What IREE's runtime returns."""

    array: np.ndarray

    def to_host(self) -> np.ndarray:
        return self.array


@dataclass
class Past:
    rows: int = ROWS
    slots: int = 16
    views: list[object] = field(default_factory=list)


def decode(last: float) -> np.ndarray:
    """The logits of a step whose last row's last logit is `last`."""
    logits = np.zeros((ROWS, 1, SIZE.vocabulary), np.float32)
    logits[-1, -1, -1] = last
    made = np.zeros((2, ROWS, 1, 1, SIZE.depth), np.float32)
    step = Step({"decode_8": lambda *_: (OnDevice(logits), OnDevice(made))}, None, SIZE)
    zeros = np.zeros(ROWS, np.int32)
    return step.decode(zeros, zeros, np.zeros((ROWS, 16), np.float32), Past())[0]


def test_numbers_are_returned() -> None:
    assert decode(2.5)[-1, -1] == 2.5


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_anything_else_is_refused(bad: float) -> None:
    with pytest.raises(CheckpointError, match="not all numbers.*use another checkpoint"):
        decode(bad)
