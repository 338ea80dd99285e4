# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constrained batched decoding on the IREE step. No torch.

This module knows tokens, prompts and cursors; it knows nothing about MLIR or schedules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tlm_mlir.errors import InputError
from tlm_mlir.model.prefill import Prompt, Tokens, prefill, round_slots
from tlm_mlir.model.shapes import DECODE_WIDTHS
from tlm_mlir.model.step import HIDDEN, KeyValues, Step

# Slots that a batch gets at a time; growing copies the cache, unused slots are read in vain.
_GROWTH = 48


class Cursor(Protocol):
    """Where a sequence stands in its grammar (language/grammar.py)."""

    done: bool

    def mask(self) -> np.ndarray:
        """bool [vocabulary]: the tokens that may follow."""

    def push(self, token: int) -> None:
        """Append a token."""


@dataclass
class _Row:
    """One sequence under way. `pending` are tokens decided but not yet fed to the model."""

    index: int
    prompt: Prompt
    cursor: Cursor
    temperature: float
    random: np.random.Generator | None
    pending: list[int]
    tokens: list[int] = field(default_factory=list)
    fed: int = 0

    def accept(self, token: int) -> None:
        """Take a token, and all that the grammar then admits no alternative to."""
        while True:
            self.cursor.push(token)
            self.tokens.append(token)
            self.pending.append(token)
            if self.cursor.done:
                return
            allowed = np.flatnonzero(self.cursor.mask())
            if len(allowed) != 1:
                return
            token = int(allowed[0])

    def choose(self, logits: np.ndarray) -> int:
        """The next token: the likeliest allowed one, or a sample of the allowed ones."""
        allowed = np.flatnonzero(self.cursor.mask())
        if not len(allowed):
            raise InputError(
                f"the grammar of prompt {self.index} admits nothing after {len(self.tokens)} "
                "tokens; this is an error in the grammar, please report it"
            )
        scores = logits[allowed].astype(np.float64)
        if self.random is None or len(allowed) == 1:
            return int(allowed[np.argmax(scores)])
        weights = np.exp((scores - scores.max()) / self.temperature)
        cumulative = np.cumsum(weights)
        at = np.searchsorted(cumulative, self.random.random() * cumulative[-1], side="right")
        return int(allowed[min(int(at), len(allowed) - 1)])


def generate(
    model: Step,
    prompts: Sequence[Sequence[int]],
    cursors: Sequence[Cursor],
    *,
    perf_token: int,
    temperature: float | Sequence[float] = 0.0,
    seed: int = 0,
    prefilled: Mapping[Tokens, Prompt] | None = None,
) -> list[list[int]]:
    """Continue each prompt, after `perf_token`, under its cursor until the cursor is done.

    Equal prompts are run through the model once, so n samples of a prompt are n equal prompts with
    a cursor each. `temperature` 0 is greedy, otherwise one value or one per prompt; row i draws
    from its own stream, given by `seed` and i. `prefilled` (of `prefill`) saves running prompts
    again. The result holds the tokens pushed, without prompt and perf token; same inputs, same
    bytes. Raises InputError if lists differ in length, a prompt does not fit the model, or a
    sequence reaches the model's last position.
    """
    heat = _per_row(temperature, len(prompts))
    if len(cursors) != len(prompts):
        raise InputError(
            f"{len(prompts)} prompts came with {len(cursors)} cursors; give one for each"
        )
    known = prefill(model, prompts) if prefilled is None else prefilled
    rows = [
        _Row(i, known[tuple(p)], c, t, _stream(seed, i) if t > 0 else None, [perf_token])
        for i, (p, c, t) in enumerate(zip(prompts, cursors, heat, strict=True))
    ]
    for group in _groups([row for row in rows if not row.cursor.done]):
        _Batch(model, group).run()
    return [row.tokens for row in rows]


def _per_row(temperature: float | Sequence[float], count: int) -> list[float]:
    if isinstance(temperature, (int, float)):
        return [float(temperature)] * count
    if len(temperature) != count:
        raise InputError(f"{count} prompts came with {len(temperature)} temperatures; give as many")
    return [float(t) for t in temperature]


def _stream(seed: int, row: int) -> np.random.Generator:
    """The random numbers of a row. Only made to sample: importing them takes 20 ms."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, row))))


def _groups(rows: list[_Row]) -> list[list[_Row]]:
    """Batches of rows with prompts of similar length: each pays for its longest."""
    widest = max(DECODE_WIDTHS)
    rows = sorted(rows, key=lambda row: (-len(row.prompt), row.index))
    return [rows[i : i + widest] for i in range(0, len(rows), widest)]


class _Batch:
    """Rows that decode together. All write the same slot at a time, whatever their position."""

    def __init__(self, model: Step, rows: list[_Row]) -> None:
        self.model = model
        self.live: list[_Row | None] = []
        self.slot = max(len(row.prompt) for row in rows)
        self.cache, self.mask = self._allocate(len(rows), self.slot + _GROWTH)
        for place, row in enumerate(rows):
            self.live[place] = row
            row.prompt.copy_to(self.cache, place)
            self.mask[place, : len(row.prompt)] = 0

    def _allocate(self, count: int, slots: int) -> tuple[KeyValues, np.ndarray]:
        width = min(w for w in DECODE_WIDTHS if w >= count)
        self.live = [None] * width
        cache = self.model.allocate(width, round_slots(slots))
        return cache, np.full((width, cache.slots), HIDDEN, np.float32)

    def run(self) -> None:
        """Decode until all rows are done."""
        while any(row is not None for row in self.live):
            if self.slot == self.cache.slots or self._too_wide():
                self._move()
            logits = self._step()
            for place, row in enumerate(self.live):
                if row is None or row.pending:
                    continue
                row.accept(row.choose(logits[place]))
                if row.cursor.done:
                    self.live[place] = None

    def _step(self) -> np.ndarray:
        """Feed one pending token of every row; its logits [rows, vocabulary]."""
        tokens = np.zeros(len(self.live), np.int32)
        positions = np.zeros(len(self.live), np.int32)
        for place, row in enumerate(self.live):
            if row is None:
                continue
            tokens[place] = row.pending.pop(0)
            positions[place] = len(row.prompt) + row.fed
            row.fed += 1
            if positions[place] >= self.model.size.positions:
                raise InputError(
                    f"the continuation of prompt {row.index} reaches the model's last position "
                    f"{self.model.size.positions}; shorten the prompt"
                )
        logits, made = self.model.decode(tokens, positions, self.mask, self.cache)
        self.cache.write(self.slot, made)
        self.mask[:, self.slot] = 0
        self.slot += 1
        return logits

    def _too_wide(self) -> bool:
        count = sum(row is not None for row in self.live)
        return min(w for w in DECODE_WIDTHS if w >= count) < len(self.live)

    def _move(self) -> None:
        """To a cache with more slots and no more rows than needed."""
        kept = [(place, row) for place, row in enumerate(self.live) if row is not None]
        old, old_mask, used = self.cache, self.mask, self.slot
        self.cache, self.mask = self._allocate(len(kept), used + _GROWTH)
        places = [place for place, _ in kept]
        for new, (_, row) in enumerate(kept):
            self.live[new] = row
        self.mask[: len(kept), :used] = old_mask[places, :used]
        for layer in range(len(old.keys)):
            self.cache.keys[layer][: len(kept), :, :, :used] = old.keys[layer][places, :, :, :used]
            self.cache.values[layer][: len(kept), :, :used] = old.values[layer][places, :, :used]
