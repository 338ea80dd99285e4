# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rank correlation, ties averaged."""

from __future__ import annotations

import numpy as np
import pytest

from tlm_mlir.training.fit.ranks import spearman


def test_spearman() -> None:
    assert spearman(np.array([1, 2, 3]), np.array([10, 20, 25])) == pytest.approx(1)
    assert spearman(np.array([1, 2, 3]), np.array([3, 2, 1])) == pytest.approx(-1)
    assert spearman(np.array([1, 1, 2, 3]), np.array([1, 1, 2, 3])) == pytest.approx(1)
    assert np.isnan(spearman(np.array([1, 1]), np.array([1, 2])))
