# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The form of static facts about schedules; a judge foretells from them
(training/fit/cost_model.py)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

NONE = -99.0
"""Stands for what there is not: a dim beyond the last, or a choice of IREE's that is unknown."""
IREE, TO_IREE = "IREE: ", "to IREE: "
"""Begin the names of facts about IREE's own choice, and of differences to it."""
DIMS = {"parallel": 4, "reduction": 3}
"""As many dims, innermost first, have facts of their own."""

Facts = dict[str, float]


def log(value: float) -> float:
    """The binary logarithm; NONE where there is none."""
    return math.log2(value) if value > 0 else NONE


def by_dim(name: str, kind: str, dims: Sequence[int], box: Mapping[int, int]) -> Facts:
    """A fact for each of the innermost dims of a kind: the log of its size."""
    found = [log(box[dim]) for dim in reversed(dims)][: DIMS[kind]]
    found += [NONE] * (DIMS[kind] - len(found))
    return {f"{name} {place}": value for place, value in enumerate(found)}


def beside_own(fixed: Facts, rows: Iterable[Facts], own: Facts | None) -> list[Facts]:
    """Each row of facts about a schedule with those that are the same for all, those about IREE's
    own choice (None if unknown) and the differences: a latency relative to that is foretold."""
    found = []
    for row in rows:
        of_iree = {f"{IREE}{name}": own[name] if own else NONE for name in row}
        apart = {f"{TO_IREE}{name}": row[name] - own[name] if own else NONE for name in row}
        found.append(fixed | row | of_iree | apart)
    return found
