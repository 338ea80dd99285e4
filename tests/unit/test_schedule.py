# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules and their tokens, on a small space with one knob of each kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import walks

from tlm_mlir.errors import InputError
from tlm_mlir.language.schedule import Decision, Schedule, decode, encode
from tlm_mlir.language.space import Choice, Mark, Order, Size, Space
from tlm_mlir.language.vocabulary import SIZE, TOKENS

GOOD = "peel:yes @vector m2 z0 g5 n0 d2 d0 d1 <end>"


def small() -> Space:
    """A choice, on which the rest depends, a mark, two sizes and an order."""
    if (yield Choice("peel", ("peel:no", "peel:yes"))) == "peel:no":
        return
    yield Mark("@vector")
    size = yield Size("vector", 0, 1, 8)
    yield Size("distribute", 0, int(str(size)), 16, zero=True)
    yield Order("interchange", (0, 1, 2))


def test_decisions_are_found_by_name_and_dim() -> None:
    schedule = decode(GOOD.split(), small)
    assert schedule.choice("peel") == "peel:yes"
    assert schedule.choice("cache", "cache:no") == "cache:no"
    assert schedule.size("vector", 0) == 5
    assert schedule.size("distribute", 0, 9) == 0
    assert schedule.size("vector", 1, 7) == 7
    assert schedule.order("interchange") == (2, 0, 1)
    assert schedule.order("another") == ()


def test_marks_are_no_decisions() -> None:
    assert [d.name for d in decode(GOOD.split(), small).decisions] == [
        *("peel", "vector", "distribute", "interchange")
    ]


def test_equal_decisions_are_equal_schedules() -> None:
    schedule = decode(GOOD.split(), small)
    assert schedule == Schedule(tuple(schedule.decisions))
    assert hash(schedule) == hash(decode(GOOD.split(), small))
    assert schedule != decode(["peel:no", "<end>"], small)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'' is no choice of peel"),
        ("cache:yes <end>", "'cache:yes' is no choice of peel"),
        ("peel:no", "must close with '<end>' but '' follows it"),
        ("peel:no <end> <end>", "must close with '<end>' but '<end> <end>' follows it"),
        ("peel:yes m0 z0 <end>", "'m0' stands where '@vector' belongs"),
        ("peel:yes @vector m3 z0 g9 n0 d0 d1 d2 <end>", "vector size 9 of dim 0 is outside of"),
        ("peel:yes @vector m2 z2 m0 z0 d0 d1 d2 <end>", "distribute size 1 of dim 0 is outside of"),
        ("peel:yes @vector n0 n0 d0 d1 d2 <end>", "vector size 0 of dim 0 is outside of 1..8"),
        ("peel:yes @vector mulf z0 n0 d0 d1 d2 <end>", "do not begin a number"),
        ("peel:yes @vector m2 z0 graph n0 d0 d1 d2 <end>", "'graph' is not a digit"),
        ("peel:yes @vector m0 z0 n0 d0 d1 d1 <end>", "'d0 d1 d1' is no order of the dims"),
        ("peel:yes @vector m0 z0 n0 d0 d1 <end>", "'d0 d1 <end>' is no order of the dims"),
        ("peel:yes @vector m0 z0 n0 d0 d1 dims <end>", "'d0 d1 dims' is no order of the dims"),
    ],
)
def test_what_is_outside_of_the_space_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InputError) as refusal:
        decode(text.split(), small)
    assert reason in str(refusal.value)


@given(walks())
def test_tokens_and_schedules_are_one_to_one(walk) -> None:
    task, tokens = walk
    schedule = decode(tokens, task.space)
    assert encode(schedule, task.space) == tokens
    assert decode(encode(schedule, task.space), task.space) == schedule


@given(walks(), st.data())
def test_a_changed_token_is_refused_or_gives_another_schedule(walk, data: st.DataObject) -> None:
    task, tokens = walk
    place = data.draw(st.integers(0, len(tokens) - 1))
    changed = [*tokens]
    changed[place] = TOKENS[data.draw(st.integers(0, SIZE - 1))]
    try:
        schedule = decode(changed, task.space)
    except InputError:
        return
    assert encode(schedule, task.space) == changed
    assert (schedule == decode(tokens, task.space)) == (changed == tokens)


@given(walks(), st.data())
def test_a_part_is_refused(walk, data: st.DataObject) -> None:
    task, tokens = walk
    with pytest.raises(InputError):
        decode(tokens[: data.draw(st.integers(0, len(tokens) - 1))], task.space)


def test_a_decision_holds_its_dim() -> None:
    assert decode(GOOD.split(), small).decisions[1] == Decision("vector", 0, 5)
