# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running prompts through the step once, so that many continuations can share the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tlm_mlir.errors import InputError
from tlm_mlir.model.shapes import EXTEND, PREFILL
from tlm_mlir.model.step import HIDDEN, KeyValues, Step

Tokens = tuple[int, ...]
_SLOT_MULTIPLE = 16


@dataclass(frozen=True)
class Prompt:
    """Keys [layers, heads, depth, length] and values [layers, heads, length, depth] of a prompt."""

    tokens: Tokens
    keys: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.tokens)

    def copy_to(self, cache: KeyValues, row: int) -> None:
        """Write the prompt to slots 0.. of a row of `cache`."""
        for layer in range(len(self.keys)):
            cache.keys[layer][row, :, :, : len(self)] = self.keys[layer]
            cache.values[layer][row, :, : len(self)] = self.values[layer]


@dataclass(frozen=True)
class _Piece:
    """A run of tokens of one sequence at one place in a packed row."""

    sequence: int
    start: int
    length: int


def pack(lengths: Sequence[int], room: int) -> list[list[int]]:
    """First-fit decreasing: rows of item indices, the lengths of each row summing to <= `room`."""
    rows: list[list[int]] = []
    free: list[int] = []
    for item in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        for row, space in enumerate(free):
            if lengths[item] <= space:
                rows[row].append(item)
                free[row] -= lengths[item]
                break
        else:
            rows.append([item])
            free.append(room - lengths[item])
    return rows


def check_tokens(step: Step, sequences: Sequence[Sequence[int]], what: str) -> None:
    """Raise InputError unless every sequence is non-empty, in the vocabulary and fits."""
    for i, tokens in enumerate(sequences):
        if not 0 < len(tokens) < step.size.positions:
            raise InputError(
                f"{what} {i} has {len(tokens)} tokens; the model takes 1 to "
                f"{step.size.positions - 1}"
            )
        if min(tokens) < 0 or max(tokens) >= step.size.vocabulary:
            raise InputError(
                f"{what} {i} holds a token outside the model's vocabulary of "
                f"{step.size.vocabulary}; use the checkpoint of this vocabulary"
            )


def prefill(step: Step, prompts: Sequence[Sequence[int]]) -> dict[Tokens, Prompt]:
    """Run each distinct prompt through the model once. Raises InputError (see check_tokens)."""
    check_tokens(step, prompts, "prompt")
    distinct = list(dict.fromkeys(tuple(p) for p in prompts))
    done = {p.tokens: p for p in _first_chunks(step, distinct)}
    for tokens in distinct:
        while done[tokens].keys.shape[-1] < len(tokens):
            done[tokens] = _continue(step, done[tokens])
    return done


def _empty(step: Step, tokens: Tokens) -> Prompt:
    size = step.size
    keys = np.empty((size.layers, size.heads, size.depth, len(tokens)), np.float32)
    return Prompt(tokens, keys, np.empty(keys.transpose(0, 1, 3, 2).shape, np.float32))


def _first_chunks(step: Step, prompts: list[Tokens]) -> list[Prompt]:
    """The first chunk of every prompt, several prompts in one row where they fit."""
    rows_per_call, room = PREFILL
    lengths = [min(len(p), room) for p in prompts]
    rows = pack(lengths, room)
    result: list[Prompt | None] = [None] * len(prompts)
    for at in range(0, len(rows), rows_per_call):
        layout = [_places(row, lengths) for row in rows[at : at + rows_per_call]]
        tokens, positions, mask = block_inputs(
            PREFILL,
            [[(p.start, prompts[p.sequence][: p.length], 0) for p in row] for row in layout],
        )
        made = step.prefill(tokens, positions, mask)
        for row, pieces in enumerate(layout):
            for p in pieces:
                result[p.sequence] = Prompt(
                    prompts[p.sequence], *_cut(made, row, slice(p.start, p.start + p.length))
                )
    return [p for p in result if p is not None]


def _places(row: list[int], lengths: list[int]) -> list[_Piece]:
    starts = np.cumsum([0] + [lengths[i] for i in row])
    return [_Piece(i, int(s), lengths[i]) for i, s in zip(row, starts, strict=False)]


def _cut(made: np.ndarray, row: int, part: slice) -> tuple[np.ndarray, np.ndarray]:
    """Copies of one row's new keys (transposed) and values, out of the device's memory."""
    keys = made[0::2, row, :, part].transpose(0, 1, 3, 2)
    return np.ascontiguousarray(keys), np.ascontiguousarray(made[1::2, row, :, part])


def _continue(step: Step, prompt: Prompt) -> Prompt:
    """One more chunk of a prompt longer than a row."""
    done = prompt.keys.shape[-1]
    chunk = prompt.tokens[done : done + EXTEND[1]]
    tokens, positions, mask = block_inputs(EXTEND, [[(0, chunk, done)]])
    cache = step.allocate(EXTEND[0], round_slots(done))
    Prompt(prompt.tokens[:done], prompt.keys, prompt.values).copy_to(cache, 0)
    past_mask = np.full((*EXTEND, cache.slots), HIDDEN, np.float32)
    past_mask[0, :, :done] = 0
    _, made = step.extend(tokens, positions, mask, past_mask, cache)
    keys, values = _cut(made, 0, slice(0, len(chunk)))
    return Prompt(
        prompt.tokens,
        np.concatenate([prompt.keys, keys], axis=-1),
        np.concatenate([prompt.values, values], axis=-2),
    )


def block_inputs(
    shape: tuple[int, int], rows: Sequence[Sequence[tuple[int, Sequence[int], int]]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens, positions [P, Q] and causal block mask [P, Q, Q] of packed sequences.

    Each row holds (start in the row, tokens, first position); a sequence sees only itself.
    """
    tokens = np.zeros(shape, np.int32)
    positions = np.zeros(shape, np.int32)
    mask = np.full((*shape, shape[1]), HIDDEN, np.float32)
    for row, sequences in enumerate(rows):
        for start, sequence, position in sequences:
            end = start + len(sequence)
            tokens[row, start:end] = sequence
            positions[row, start:end] = np.arange(position, position + len(sequence))
            mask[row, start:end, start:end] = _causal(len(sequence))
    return tokens, positions, mask


def _causal(length: int) -> np.ndarray:
    return np.triu(np.full((length, length), HIDDEN, np.float32), 1)


def round_slots(slots: int) -> int:
    """A cache length >= `slots` that is a multiple of the vector width."""
    return -(-slots // _SLOT_MULTIPLE) * _SLOT_MULTIPLE
