# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The form of a schedule's features, which a cost model predicts from
(training/fit/cost_model.py). Their names are its columns: a new name needs a new cost model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

NONE = -99.0
"""Stands for a missing value: a dim beyond the last, or a choice of IREE's that is unknown."""
IREE, TO_IREE = "IREE: ", "to IREE: "
"""Begin the names of features of IREE's own choice, and of differences to it."""
SKETCH = "estimate to sketch"
"""A schedule's estimate against that of the sketch that it is compared with."""
DIMS = {"parallel": 4, "reduction": 3}
"""How many dims of each kind, innermost first, have features of their own."""

Features = dict[str, float]


def log(value: float) -> float:
    """The binary logarithm; NONE where there is none."""
    return math.log2(value) if value > 0 else NONE


def by_dim(name: str, kind: str, dims: Sequence[int], box: Mapping[int, int]) -> Features:
    """A feature for each of the innermost dims of a kind: the log of its size."""
    found = [log(box[dim]) for dim in reversed(dims)][: DIMS[kind]]
    found += [NONE] * (DIMS[kind] - len(found))
    return {f"{name} {place}": value for place, value in enumerate(found)}


def beside_baseline(
    fixed: Features, rows: Iterable[Features], baseline: Features | None
) -> list[Features]:
    """Each row of a schedule's features with those that all have (`fixed`), those of IREE's own
    choice (None if unknown) and the differences: a latency relative to that is predicted."""
    found = []
    for row in rows:
        of_iree = {f"{IREE}{name}": baseline[name] if baseline else NONE for name in row}
        apart = {
            f"{TO_IREE}{name}": row[name] - baseline[name] if baseline else NONE for name in row
        }
        found.append(fixed | row | of_iree | apart)
    return found
