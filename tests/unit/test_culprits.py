# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which choices keep a program from compiling: found by trials, as few as can be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_mlir.compiler.fallback import Fails, Failure, culprits

Broken = Callable[[frozenset[int]], bool]
Tried = list[frozenset[int]]


def trial(broken: Broken) -> tuple[Tried, Fails]:
    """The sets of choices that were tried, and what tries them."""
    tried: Tried = []

    def fails(choices: frozenset[int]) -> Failure | None:
        tried.append(choices)
        return Failure(f"refuses {sorted(choices)}") if broken(choices) else None

    return tried, fails


@given(st.sets(st.integers(0, 19)), st.sets(st.integers(0, 19)))
def test_exactly_those_that_fail_by_themselves(bad: set[int], suspects: set[int]) -> None:
    tried, fails = trial(lambda choices: bool(choices & bad))
    assert set(culprits(range(20), sorted(suspects), fails)) == bad
    assert len(tried) <= 2 + 2 * len(bad) * 6


def test_one_of_two_that_fail_together_stays() -> None:
    _, fails = trial(lambda choices: {3, 11} <= choices)
    assert set(culprits(range(16), [], fails)) == {11}


def test_a_suspect_is_found_at_once() -> None:
    tried, fails = trial(lambda choices: 37 in choices)
    assert culprits(range(100), [37], fails) == {37: f"refuses {list(range(100))}"}
    assert len(tried) == 2


@pytest.mark.parametrize("count", [1, 50, 100])
def test_a_culprit_costs_a_logarithm_of_trials(count: int) -> None:
    tried, fails = trial(lambda choices: count - 1 in choices)
    assert set(culprits(range(count), [], fails)) == {count - 1}
    assert len(tried) <= 2 + 2 * count.bit_length()
