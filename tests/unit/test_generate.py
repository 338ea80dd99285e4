# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decoding logic against a fake step: what is fed, what is chosen, what is shared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tlm_mlir.errors import InputError
from tlm_mlir.model.generate import generate
from tlm_mlir.model.last_logits import last_logits
from tlm_mlir.model.performance import BINS, bin_of, expected_log_latency, outcome_of
from tlm_mlir.model.prefill import pack, prefill
from tlm_mlir.model.shapes import PREFILL
from tlm_mlir.model.step import HIDDEN, Dimensions, KeyValues

VOCABULARY = 12
END, PERF = 1, 2
SIZE = Dimensions(layers=1, heads=1, depth=VOCABULARY, positions=1024, vocabulary=VOCABULARY)


class HostCache(KeyValues):
    """A cache without a device."""

    def __init__(self, rows: int, slots: int) -> None:
        self.rows, self.slots = rows, slots
        self.keys = [np.zeros((rows, 1, SIZE.depth, slots), np.float32)]
        self.values = [np.zeros((rows, 1, slots, SIZE.depth), np.float32)]
        self.views = []


class FakeStep:
    """A "model" whose logits are the sum over all tokens seen of a fixed random vector each, by
    token and position: any error in masks, positions or cache contents changes them."""

    def __init__(self, uniform: bool = False) -> None:
        self.size = SIZE
        random = np.random.default_rng(7).normal(size=(VOCABULARY, 1024, SIZE.depth))
        self.table = (0 * random if uniform else random).astype(np.float32)
        self.prefills: list[int] = []
        self.decodes: list[int] = []

    def allocate(self, rows: int, slots: int) -> HostCache:
        return HostCache(rows, slots)

    def _made(self, tokens: np.ndarray, positions: np.ndarray) -> np.ndarray:
        values = self.table[tokens, positions][:, None]
        return np.stack([values, values])

    def prefill(self, tokens: np.ndarray, positions: np.ndarray, mask: np.ndarray) -> np.ndarray:
        self.prefills.append(int((tokens != 0).sum()))
        return self._made(tokens, positions)

    def extend(
        self,
        tokens: np.ndarray,
        positions: np.ndarray,
        mask: np.ndarray,
        past_mask: np.ndarray,
        past: KeyValues,
    ) -> tuple[np.ndarray, np.ndarray]:
        made = self._made(tokens, positions)
        seen = (mask > HIDDEN / 2).astype(np.float32) @ made[1, :, 0]
        seen += (past_mask > HIDDEN / 2).astype(np.float32) @ past.values[0][:, 0]
        return seen, made

    def decode(
        self, tokens: np.ndarray, positions: np.ndarray, past_mask: np.ndarray, past: KeyValues
    ) -> tuple[np.ndarray, np.ndarray]:
        self.decodes.append(len(tokens))
        assert np.array_equal(past.keys[0][:, 0].transpose(0, 2, 1), past.values[0][:, 0])
        mask = np.zeros((len(tokens), 1, 1), np.float32)
        logits, made = self.extend(
            tokens[:, None], positions[:, None], mask, past_mask[:, None], past
        )
        return logits[:, 0], made

    def scores(self, tokens: Sequence[int]) -> np.ndarray:
        """The logits after a whole sequence, computed directly."""
        return self.table[list(tokens), np.arange(len(tokens))].sum(0)


class Steps:
    """A cursor of `length` free choices among tokens 4.., with forced token 4 after every token 5,
    then a forced <end>."""

    def __init__(self, length: int) -> None:
        self.left = length
        self.done = False
        self.forced = False

    def mask(self) -> np.ndarray:
        mask = np.zeros(VOCABULARY, bool)
        if self.forced:
            mask[4] = True
        elif self.left == 0:
            mask[END] = True
        else:
            mask[4:] = True
        return mask

    def push(self, token: int) -> None:
        assert self.mask()[token] and not self.done
        self.done = token == END
        if self.forced:
            self.forced = False
            return
        self.left -= 1
        self.forced = token == 5


def _prompts(count: int, low: int = 3, high: int = 90) -> list[list[int]]:
    random = np.random.default_rng(0)
    return [
        random.integers(4, VOCABULARY, size=random.integers(low, high)).tolist()
        for _ in range(count)
    ]


def _reference(model: FakeStep, prompt: Sequence[int], cursor: Steps) -> list[int]:
    tokens: list[int] = []
    while not cursor.done:
        logits = model.scores([*prompt, PERF, *tokens])
        token = int(np.where(cursor.mask(), logits, -np.inf).argmax())
        cursor.push(token)
        tokens.append(token)
    return tokens


@pytest.mark.parametrize("count", [1, 8, 9, 30, 45])
def test_greedy_equals_one_at_a_time(count: int) -> None:
    model = FakeStep()
    prompts = _prompts(count)
    lengths = [i * 7 % 60 for i in range(count)]
    found = generate(model, prompts, [Steps(n) for n in lengths], perf_token=PERF)
    wanted = [_reference(model, p, Steps(n)) for p, n in zip(prompts, lengths, strict=True)]
    assert found == wanted


def test_long_prompt_takes_several_chunks() -> None:
    model = FakeStep()
    prompts = _prompts(2, 600, 601) + _prompts(3)
    found = generate(model, prompts, [Steps(5) for _ in prompts], perf_token=PERF)
    assert found == [_reference(model, p, Steps(5)) for p in prompts]


def test_forced_tokens_need_no_step_at_the_end() -> None:
    model = FakeStep(uniform=True)
    (found,) = generate(model, [[4, 5]], [Steps(0)], perf_token=PERF)
    assert found == [END]
    assert len(model.decodes) == 1


def test_equal_prompts_are_run_once() -> None:
    model = FakeStep()
    prompt = _prompts(1)[0]
    generate(model, [prompt] * 10, [Steps(4) for _ in range(10)], perf_token=PERF)
    assert model.prefills == [min(len(prompt), PREFILL[1])]
    known = prefill(model, [prompt])
    generate(model, [prompt], [Steps(2)], perf_token=PERF, prefilled=known)
    assert len(model.prefills) == 2


def test_what_prompts_share_is_run_once() -> None:
    model = FakeStep()
    header = [7] * 30
    prompts = [[*header, *rest] for rest in _prompts(9, 1, 400)]
    whole = prefill(model, prompts)
    before = len(model.prefills)
    found = prefill(model, prompts, prefill(model, [header])[tuple(header)])
    assert len(model.prefills) == before + 1
    for prompt in map(tuple, prompts):
        assert np.array_equal(found[prompt].keys, whole[prompt].keys)
        assert np.array_equal(found[prompt].values, whole[prompt].values)
    with pytest.raises(InputError, match="does not go on from the given header"):
        prefill(model, [header], found[tuple(prompts[0])])


def test_last_logits_equal_one_at_a_time() -> None:
    model = FakeStep()
    header = [7] * 30
    segments = _prompts(20)
    found = last_logits(model, [header] * 20, segments, prefill(model, [header]))
    for row, segment in zip(found, segments, strict=True):
        np.testing.assert_allclose(row, model.scores([*header, *segment]), rtol=1e-4, atol=1e-4)


def test_samples_depend_on_seed_and_row_only() -> None:
    model = FakeStep(uniform=True)
    prompts = _prompts(12)

    def sample(seed: int, count: int) -> list[list[int]]:
        cursors = [Steps(20) for _ in range(count)]
        return generate(
            model, prompts[:count], cursors, perf_token=PERF, temperature=1.0, seed=seed
        )

    assert sample(1, 12) == sample(1, 12)
    assert sample(1, 12)[:5] == sample(1, 5)
    assert sample(1, 12) != sample(2, 12)
    assert len({tuple(s) for s in sample(1, 12)}) == 12


def test_temperature_per_row() -> None:
    model = FakeStep()
    prompt = _prompts(1)[0]
    greedy, hot = generate(
        model, [prompt] * 2, [Steps(30), Steps(30)], perf_token=PERF, temperature=[0.0, 50.0]
    )
    assert greedy == _reference(model, prompt, Steps(30))
    assert hot != greedy


def test_last_logits_of_many_prompts_equal_one_at_a_time() -> None:
    model = FakeStep()
    prompts = [p for p in _prompts(4) for _ in range(9)]
    segments = [[4 + i % 8] * (i % 40 + 1) + [END] for i in range(len(prompts))]
    found = last_logits(model, prompts, segments, prefill(model, prompts))
    for row, prompt, segment in zip(found, prompts, segments, strict=True):
        np.testing.assert_allclose(row, model.scores([*prompt, *segment]), rtol=1e-4)


def test_bad_inputs() -> None:
    model = FakeStep()
    with pytest.raises(InputError, match="1 prompts came with 0 cursors"):
        generate(model, [[4]], [], perf_token=PERF)
    with pytest.raises(InputError, match="outside the model's vocabulary"):
        generate(model, [[VOCABULARY]], [Steps(1)], perf_token=PERF)
    with pytest.raises(InputError, match="prompt 0 has 0 tokens"):
        generate(model, [[]], [Steps(1)], perf_token=PERF)
    with pytest.raises(InputError, match="last position"):
        generate(model, [[4] * 1000], [Steps(50)], perf_token=PERF)


def test_nothing_to_do() -> None:
    assert generate(FakeStep(), [], [], perf_token=PERF) == []
    assert last_logits(FakeStep(), [], [], {}).shape == (0, VOCABULARY)


def test_pack_fills_rows() -> None:
    rows = pack([100, 200, 156, 56, 256], 256)
    assert sorted(item for row in rows for item in row) == [0, 1, 2, 3, 4]
    assert len(rows) == 3


def test_bins() -> None:
    assert [bin_of(r) for r in (1.0, 1.05, 1.051, 9.9, 10.0, 11.0)] == [0, 0, 1, 8, 8, 9]
    one_hot = np.eye(BINS + 1)
    expected = expected_log_latency(one_hot)
    assert (np.diff(expected) > 0).all()
    assert [outcome_of(r) for r in (0.1, 0.36, 1.0, 7.9, 100.0)] == [0, 1, 5, 8, 9]
    assert abs(expected[outcome_of(1.0)]) < 0.03
