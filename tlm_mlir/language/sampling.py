# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Drawing schedules from a space knob by knob, for pre-training and for collecting."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .grammar import Grammar
from .schedule import Decision, Schedule
from .space import Choice, Knob, Mark, Order, Pick, Size, Space, Value
from .vocabulary import ID

PLAIN_SHARE = 0.85
"""Share of sizes drawn among divisors and powers of two, which most good schedules are made of."""


def draw(space: Space, choose: Callable[[Knob], Value]) -> Schedule:
    """Walks a space and takes what `choose` says at each knob."""
    decisions = []
    try:
        knob = next(space)
        while True:
            if isinstance(knob, Mark):
                knob = space.send(knob.name)
                continue
            value = choose(knob)
            decisions.append(Decision(knob.name, knob.dim, value))
            knob = space.send(value)
    except StopIteration:
        return Schedule(tuple(decisions))


def random_value(knob: Knob, extents: Sequence[int], rng: np.random.Generator) -> Value:
    """A value of a knob: any option or order; sizes mostly divisors and powers of two."""
    if isinstance(knob, Choice):
        return knob.options[int(rng.integers(len(knob.options)))]
    if isinstance(knob, Order):
        return tuple(int(item) for item in rng.permutation(knob.items))
    if isinstance(knob, Pick):
        return knob.sizes[int(rng.integers(len(knob.sizes)))]
    assert isinstance(knob, Size)
    if knob.zero and rng.random() < 0.25:
        return 0
    if rng.random() < PLAIN_SHARE:
        plain = plain_sizes(knob.low, knob.high, extents[knob.dim])
        return plain[int(rng.integers(len(plain)))]
    # Log-uniform over the rest: a size twice as large is as different as one half as large.
    low, high = math.log(knob.low), math.log(knob.high + 1)
    return min(knob.high, max(knob.low, int(math.exp(rng.uniform(low, high)))))


def plain_sizes(low: int, high: int, extent: int) -> list[int]:
    """Divisors of the extent and powers of two within bounds; the upper bound if there is none."""
    found = {n for n in (1 << k for k in range(high.bit_length())) if low <= n <= high}
    for small in range(1, min(high, math.isqrt(max(extent, 1))) + 1):
        if extent % small == 0:
            found |= {n for n in (small, extent // small) if low <= n <= high}
    return sorted(found) or [high]


def mutate(
    space: Space,
    parent: Mapping[tuple[str, int], Value],
    extents: Sequence[int],
    rng: np.random.Generator,
    rate: float = 0.2,
) -> Schedule:
    """A schedule like its parent's decisions, each drawn anew with probability `rate`."""

    def choose(knob: Knob) -> Value:
        kept = parent.get((knob.name, knob.dim))
        if kept is not None and rng.random() >= rate and admits(knob, kept):
            return kept
        return random_value(knob, extents, rng)

    return draw(space, choose)


def admits(knob: Knob, value: Value) -> bool:
    """Whether a value is open at a knob."""
    if isinstance(knob, Choice):
        return value in knob.options
    if isinstance(knob, Pick):
        return value in knob.sizes
    if isinstance(knob, Size) and isinstance(value, int):
        return knob.low <= value <= knob.high or (knob.zero and value == 0)
    if isinstance(knob, Order) and isinstance(value, tuple):
        return sorted(value) == sorted(knob.items)
    return False


def every(grammar: Grammar, most: int) -> list[list[str]] | None:
    """Token strings of all schedules in the order of the knobs' values; None if they are more."""
    found: list[list[str]] = []
    waiting: list[list[str]] = [[]]
    while waiting:
        tokens = waiting.pop()
        cursor = grammar.cursor()
        for token in tokens:
            cursor.push(ID[token])
        if cursor.done:
            found.append(tokens)
        if len(found) + len(waiting) > most:
            return None
        waiting += [[*tokens, token] for token in reversed(cursor.allowed())]
    return found
