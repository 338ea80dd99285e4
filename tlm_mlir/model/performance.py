# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Performance bins: how a record's latency becomes a token.

The same tokens stand for two things. Before the decisions, where a performance is asked for: the
latency relative to the workload's best record, since the best can be asked for everywhere. After
them, where one is predicted: the latency relative to IREE's default, which needs no record to be
known.
"""

from __future__ import annotations

import bisect
import itertools
import math

import numpy as np

# Upper edges of perf:0 .. perf:8; perf:9 is all above. Fine where choices are made.
EDGES = (1.05, 1.12, 1.25, 1.45, 1.75, 2.2, 3.0, 5.0, 10.0)
BINS = len(EDGES) + 1
# What a schedule that does not run is worth when candidates are ranked: worse than any that does.
FAIL_LOG = math.log(100.0)
OUTCOME_EDGES = (0.35, 0.5, 0.67, 0.8, 0.92, 1.05, 1.5, 3.0, 8.0)
# The open bins stand for 0.2x to 0.35x and 8x to 40x.
_BOUNDS = (0.2, *OUTCOME_EDGES, 40.0)
# log(latency / default's) at the geometric middle of each outcome's bin, then of perf:fail.
MIDPOINTS = np.array(
    [0.5 * (math.log(a) + math.log(b)) for a, b in itertools.pairwise(_BOUNDS)] + [FAIL_LOG]
)


def bin_of(relative: float) -> int:
    """The bin, 0 (best) to 9, of a relative latency r = seconds / best seconds >= 1."""
    return bisect.bisect_left(EDGES, relative)


def outcome_of(ratio: float) -> int:
    """The bin, 0 (best) to 9, of a latency over that of IREE's default."""
    return bisect.bisect_left(OUTCOME_EDGES, ratio)


def expected_log_latency(distribution: np.ndarray) -> np.ndarray:
    """Expected log of the latency over IREE's default's, 0 for as fast as the default.

    `distribution` [..., 11] is over the outcomes perf:0..9, perf:fail.
    """
    return np.asarray(distribution @ MIDPOINTS)
