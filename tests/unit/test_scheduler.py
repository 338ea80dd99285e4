# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""When a schedule replaces IREE's default: with a clear lead and little risk."""

from __future__ import annotations

import numpy as np

from tlm_mlir.compiler.scheduler import Scheduler
from tlm_mlir.model.performance import BINS, chance_of_slower


def foretold(**chances: float) -> np.ndarray:
    """A distribution over outcomes: `b<bin>=chance`."""
    found = np.zeros(BINS + 1)
    for name, chance in chances.items():
        found[int(name[1:])] = chance
    return found


def scheduler(margin: float = 0.2, risk: float = 0.3) -> Scheduler:
    found = Scheduler.__new__(Scheduler)
    found.margin, found.risk = margin, risk
    return found


SURE, EVEN, BOLD = foretold(b1=1.0), foretold(b5=1.0), foretold(b0=0.6, b6=0.4)
ANSWERS = [[1], [2], [3]]


def test_the_best_expected_is_chosen_among_those_of_little_risk() -> None:
    rows = np.stack([EVEN, BOLD, SURE])
    assert scheduler()._better(ANSWERS, rows, optional=True) == [3]
    assert scheduler(risk=0.5)._better(ANSWERS[:2], rows[:2], optional=True) == [2]


def test_the_default_stays_without_a_lead_or_with_too_much_risk() -> None:
    assert scheduler()._better(ANSWERS[:1], EVEN[None], optional=True) is None
    assert scheduler()._better(ANSWERS[:1], BOLD[None], optional=True) is None
    assert scheduler()._better([], np.zeros((0, BINS + 1)), optional=True) is None


def test_a_default_with_wrong_values_never_stays() -> None:
    failing = foretold(b10=1.0)
    assert scheduler()._better(ANSWERS[:1], failing[None], optional=False) == [1]


def test_what_counts_as_slower() -> None:
    rows = np.stack([foretold(b5=1.0), foretold(b6=1.0), foretold(b10=1.0), BOLD])
    np.testing.assert_allclose(chance_of_slower(rows), [0.0, 1.0, 1.0, 0.4])
