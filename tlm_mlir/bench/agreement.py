# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""When two programs computed the same values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from .elements import Element
from .values import Value

TOLERANCE = 1e-3
"""Largest relative difference of results that agree, where all floats have 32 bits and more."""
_ROUNDINGS, _COARSEST = 4.0, 0.5
"""The relative difference that coarser floats may have, in distances from 1 to the next number,
and its limit."""


def tolerance(elements: Iterable[Element]) -> float:
    """Largest relative difference that rounding explains; none where inputs and results are all
    integers.

    The coarsest float of them says: what is computed on the way may be rounded to its type.
    """
    coarsest = max((element.epsilon for element in elements), default=0.0)
    return max(TOLERANCE, min(_ROUNDINGS * coarsest, _COARSEST)) if coarsest else 0.0


def difference(got: Sequence[Value], want: Sequence[Value]) -> float:
    """The largest relative error over all results; infinite where shapes or types differ."""
    if len(got) != len(want):
        return math.inf
    worst = 0.0
    for left, right in zip(got, want, strict=True):
        if left.element != right.element:
            return math.inf
        worst = max(worst, relative_error(left.array(), right.array()))
    return worst


def relative_error(got: np.ndarray, want: np.ndarray) -> float:
    """Largest absolute difference over the largest magnitude.

    Infinite where shapes differ, or NaNs and infinities are not in the same places.
    """
    if got.shape != want.shape:
        return math.inf
    if np.iscomplexobj(want):
        parts = ((got.real, want.real), (got.imag, want.imag))
        return max(relative_error(left, right) for left, right in parts)
    if np.array_equal(got, want, equal_nan=np.issubdtype(want.dtype, np.floating)):
        return 0.0
    a, b = got.astype(np.float64), want.astype(np.float64)
    finite = np.isfinite(b)
    # NaN compares with nothing: two programs agree on it only where both have it.
    if not np.isfinite(a[finite]).all() or not np.array_equal(
        a[~finite], b[~finite], equal_nan=True
    ):
        return math.inf
    scale = float(np.max(np.abs(b[finite]), initial=0.0)) or 1.0
    # Unequal integers may be equal as floats, and yet differ.
    smallest = np.finfo(np.float64).tiny
    return max(float(np.max(np.abs(a[finite] - b[finite]))) / scale, smallest)
