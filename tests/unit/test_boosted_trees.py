# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Boosted trees: evaluated by hand, kept in a file, refused where they do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tlm_mlir.errors import CheckpointError
from tlm_mlir.policy.cost_model import CostModel

# b <= 2 ? (a <= 0.5 ? 1 : 10) : 100, and a tree of one leaf that adds 0.25.
TREES = CostModel(
    ("a", "b"),
    np.array([[1, 0], [0, 0]], np.int16),
    np.array([[2.0, 0.5], [0.0, 0.0]]),
    np.array([[1, ~0], [~0, 0]], np.int16),
    np.array([[~2, ~1], [~0, 0]], np.int16),
    np.array([[1, 10, 100], [0.25, 0, 0]], np.float32),
    ("{}",),
)
FACTS = [
    {"a": 0.0, "b": 0.0, "c": 9.0},
    {"a": 0.5, "b": 2.0, "c": 9.0},
    {"a": 0.6, "b": 2.0, "c": 9.0},
    {"a": 0.6, "b": 2.1, "c": 9.0},
]


def test_values(tmp_path: Path) -> None:
    path = tmp_path / "judge.safetensors"
    path.write_bytes(TREES.to_bytes())
    for trees in (TREES, CostModel.load(path)):
        assert trees.names == ("a", "b") and trees.targets == ("{}",)
        assert trees(trees.rows(FACTS)).tolist() == [1.25, 1.25, 10.25, 100.25]


def test_nothing_to_judge() -> None:
    assert TREES(TREES.rows([])).shape == (0,)


def test_a_fact_that_is_not_worked_out() -> None:
    with pytest.raises(CheckpointError, match="asks for 'b', which this version"):
        TREES.rows([{"a": 1.0}])


@pytest.mark.parametrize("content", [b"", b"nonsense", TREES.to_bytes()[:-1]])
def test_a_file_without_trees(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "judge.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="holds no trees"):
        CostModel.load(path)
