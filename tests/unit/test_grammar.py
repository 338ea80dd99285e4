# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The grammar: whatever it admits is a legal schedule, and it admits nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import TARGETS, WORKLOADS, tasks, walks

from tlm_mlir.errors import InputError
from tlm_mlir.language.schedule import DEFAULT
from tlm_mlir.language.vocabulary import ID, SIZE, TOKENS
from tlm_mlir.targets import registry

LONGEST = 160
"""More tokens than any schedule of the sample workloads has; a walk must end."""


@pytest.mark.parametrize("target", sorted(TARGETS))
@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_random_walks_finish(name: str, target: str) -> None:
    grammar = registry.task(WORKLOADS[name], TARGETS[target]).grammar()
    rng = np.random.default_rng(0)
    for _ in range(40):
        tokens = grammar.sample(rng)
        assert tokens[-1] == "<end>"
        assert len(tokens) < LONGEST


@given(walks())
def test_the_cursor_decodes_what_was_pushed(walk) -> None:
    task, tokens = walk
    cursor = task.grammar().cursor()
    for token in tokens:
        assert not cursor.done
        cursor.push(ID[token])
    assert cursor.done
    assert cursor.schedule() == task.decode(tokens)
    assert cursor.allowed() == []
    assert not cursor.mask().any()


@given(tasks, st.data())
def test_a_forbidden_token_is_refused_and_changes_nothing(task, data: st.DataObject) -> None:
    cursor = task.grammar().cursor()
    for _ in range(data.draw(st.integers(0, 12))):
        if not cursor.done:
            cursor.push(ID[data.draw(st.sampled_from(cursor.allowed()))])
    before = cursor.allowed()
    mask = cursor.mask()
    assert mask.shape == (SIZE,)
    assert {TOKENS[token] for token in np.flatnonzero(mask)} == set(before)
    forbidden = data.draw(st.sampled_from(np.flatnonzero(~mask).tolist()))
    with pytest.raises(InputError, match="may not follow"):
        cursor.push(forbidden)
    assert cursor.allowed() == before


def test_there_is_no_schedule_before_the_end() -> None:
    cursor = registry.task(WORKLOADS["matmul"], TARGETS["avx512"]).grammar().cursor()
    with pytest.raises(InputError, match="not finished"):
        cursor.schedule()


def test_the_same_seed_gives_the_same_schedules() -> None:
    grammar = registry.task(WORKLOADS["softmax"], TARGETS["avx2"]).grammar()
    one, other = (np.random.default_rng(3) for _ in range(2))
    assert [grammar.sample(one) for _ in range(5)] == [grammar.sample(other) for _ in range(5)]


@given(tasks)
def test_the_default_is_always_open(task) -> None:
    assert task.decode([DEFAULT, "<end>"]).is_default
