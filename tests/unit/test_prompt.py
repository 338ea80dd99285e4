# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prompts: complete, within the vocabulary, and about hardware without naming it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import TARGETS, WORKLOADS, elementwise

from tlm_mlir.language import vocabulary
from tlm_mlir.language.prompt import MAX_TOKENS, prompt, prompt_tokens

TARGET = TARGETS["avx512"]


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_prompts_are_within_the_vocabulary_and_the_limit(name: str) -> None:
    tokens = prompt_tokens(WORKLOADS[name], TARGET)
    assert tokens[0] == "<bos>"
    assert tokens[-1] == "decide"
    assert len(tokens) <= MAX_TOKENS
    assert [vocabulary.TOKENS[token] for token in prompt(WORKLOADS[name], TARGET)] == tokens


def test_different_workloads_and_targets_read_differently() -> None:
    known = {tuple(prompt(w, t)) for w in WORKLOADS.values() for t in TARGETS.values()}
    assert len(known) == len(WORKLOADS) * len(TARGETS)


def test_caches_of_nearly_the_same_size_read_alike() -> None:
    tokens = [prompt(WORKLOADS["matmul"], replace(TARGET, l3=size << 20)) for size in (480, 512)]
    assert tokens[0] != tokens[1]
    near = [prompt(WORKLOADS["matmul"], replace(TARGET, l3=size << 20)) for size in (400, 480)]
    assert near[0] == near[1]


def test_an_unforeseen_type_is_spelled() -> None:
    tokens = prompt_tokens(elementwise((8, 8), "tf32"), TARGET)
    assert " ".join(tokens).count("\" 't 'f '3 '2 \"") == 2


def test_the_vocabulary_has_no_token_twice() -> None:
    assert len(set(vocabulary.TOKENS)) == vocabulary.SIZE
    assert vocabulary.TOKENS[0] == "<pad>"
    assert all(vocabulary.TOKENS[place] == token for token, place in vocabulary.ID.items())
