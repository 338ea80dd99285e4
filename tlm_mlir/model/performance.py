# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Performance bins: a record's latency relative to its workload's best, as a token sees it."""

from __future__ import annotations

import bisect
import itertools
import math

import numpy as np

# Upper edges of perf:0 .. perf:8; perf:9 is all above. Fine near the best, where choices are made.
EDGES = (1.05, 1.12, 1.25, 1.45, 1.75, 2.2, 3.0, 5.0, 10.0)
BINS = len(EDGES) + 1
# What a schedule that does not run is worth when candidates are ranked: worse than any that does.
FAIL_LOG = math.log(100.0)
# The open last bin stands for 10x to 40x.
_BOUNDS = (1.0, *EDGES, 40.0)
# log(relative latency) at the geometric middle of each bin, then of perf:fail.
MIDPOINTS = np.array(
    [0.5 * (math.log(a) + math.log(b)) for a, b in itertools.pairwise(_BOUNDS)] + [FAIL_LOG]
)


def bin_of(relative: float) -> int:
    """The bin, 0 (best) to 9, of a relative latency r = seconds / best seconds >= 1."""
    return bisect.bisect_left(EDGES, relative)


def expected_log_latency(distribution: np.ndarray) -> np.ndarray:
    """Expected log of the relative latency. `distribution` [..., 11] over perf:0..9, perf:fail."""
    return np.asarray(distribution @ MIDPOINTS)
