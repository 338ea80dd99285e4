# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Integers as tokens: nothing is lost, and an interval admits its numbers and no others."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_mlir.errors import InputError
from tlm_mlir.language import integers
from tlm_mlir.language.integers import Interval, decode, encode, encode_extent

LARGEST = 2**32 - 1
numbers = st.integers(0, LARGEST)


def spelled(interval: Interval, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every whole number that the interval admits, as tokens."""
    following = interval.allowed(prefix)
    if not following:
        yield prefix
    for token in following:
        yield from spelled(interval, (*prefix, token))


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "n0"), (1, "m0 z0"), (2, "m1 z1"), (768, "m9 z8 g3"), (197, "m7 z0 g3 g5")]
    + [(-6, "n- m2 z1 g3"), (1 << 31, "m31 z31"), (4097, "m12 z0 g1 g0 g1")],
)
def test_examples(number: int, text: str) -> None:
    assert encode(number) == text.split()
    assert decode(iter(text.split())) == number


@given(st.integers(-LARGEST, LARGEST))
def test_round_trip(number: int) -> None:
    tokens = encode(number)
    assert set(tokens) <= set(integers.TOKENS)
    stream = iter([*tokens, "rest"])
    assert decode(stream) == number
    assert list(stream) == ["rest"]


def test_every_small_number_is_spelled_once() -> None:
    assert len({tuple(encode(number)) for number in range(5000)}) == 5000


def test_a_larger_number_is_refused() -> None:
    with pytest.raises(InputError, match="exceeds 2\\^32 - 1"):
        encode(LARGEST + 1)


def test_a_dynamic_extent_has_a_token_of_its_own() -> None:
    assert encode_extent(-1) == ["n?"]
    assert encode_extent(7) == encode(7)


@given(st.lists(st.sampled_from([*integers.TOKENS, "mulf", "graph", "zero", ""]), max_size=6))
def test_damaged_text_is_refused_or_is_what_its_number_spells(tokens: list[str]) -> None:
    stream = iter(tokens)
    try:
        number = decode(stream)
    except InputError:
        return
    rest = list(stream)
    read = tokens[: len(tokens) - len(rest)]
    # Two minus signs cancel and a negative zero is zero: neither is ever written.
    assert "n-" in read or encode(number) == read


@pytest.mark.parametrize("zero", [False, True])
def test_small_intervals_admit_exactly_their_numbers(zero: bool) -> None:
    for low in range(1, 40):
        for high in range(low, 80):
            found = sorted(decode(iter(word)) for word in spelled(Interval(low, high, zero)))
            assert found == [0] * zero + list(range(low, high + 1))


@pytest.mark.parametrize(
    ("low", "high"),
    [(4090, 4230), (65535, 65540), (262143, 262147), (LARGEST - 130, LARGEST), (1, 4200)],
)
def test_larger_intervals_admit_exactly_their_numbers(low: int, high: int) -> None:
    found = sorted(decode(iter(word)) for word in spelled(Interval(low, high)))
    assert found == list(range(low, high + 1))


@given(st.data(), st.integers(1, LARGEST), st.integers(1, LARGEST), st.booleans())
def test_a_walk_ends_inside(data: st.DataObject, one: int, other: int, zero: bool) -> None:
    interval = Interval(min(one, other), max(one, other), zero)
    word: list[str] = []
    while following := interval.allowed(word):
        word.append(data.draw(st.sampled_from(following)))
    number = decode(iter(word))
    assert interval.low <= number <= interval.high or (zero and number == 0)


@given(st.data(), st.integers(1, LARGEST), st.integers(1, LARGEST))
def test_every_number_inside_can_be_written(data: st.DataObject, one: int, other: int) -> None:
    interval = Interval(min(one, other), max(one, other))
    tokens = encode(data.draw(st.integers(interval.low, interval.high)))
    for place, token in enumerate(tokens):
        assert token in interval.allowed(tokens[:place])
    assert interval.allowed(tokens) == []
