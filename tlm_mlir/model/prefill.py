# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running prompts through the step once, so that many continuations can share the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tlm_mlir.errors import InputError
from tlm_mlir.model.shapes import EXTEND_ROWS, PREFILL, ROW
from tlm_mlir.model.step import HIDDEN, KeyValues, Step

Tokens = tuple[int, ...]
_SLOT_MULTIPLE = 16


@dataclass(frozen=True)
class Prompt:
    """Keys [layers, heads, depth, length] and values [layers, heads, length, depth] of a prompt.

    While a long prompt is under way, `length` is what was run so far.
    """

    tokens: Tokens
    keys: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return self.keys.shape[-1]

    def extended(self, tokens: Tokens, keys: np.ndarray, values: np.ndarray) -> Prompt:
        """The prompt `tokens` with the keys and values of its next tokens appended."""
        return Prompt(
            tokens,
            np.concatenate([self.keys, keys], axis=-1),
            np.concatenate([self.values, values], axis=-2),
        )

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


def prefill(
    step: Step, prompts: Sequence[Sequence[int]], header: Prompt | None = None
) -> dict[Tokens, Prompt]:
    """Run each distinct prompt through the model once.

    `header` is the part that all prompts begin with, if that was run before; each must be longer.
    Raises InputError (see check_tokens).
    """
    check_tokens(step, prompts, "prompt")
    distinct = list(dict.fromkeys(tuple(p) for p in prompts))
    if header is None:
        header = _empty(step, ())
    for tokens in distinct:
        if tokens[: len(header)] != header.tokens or len(tokens) == len(header):
            raise InputError(
                "a prompt does not go on from the given header; give the header of this target"
            )
    done = {p.tokens: p for p in _first_chunks(step, distinct, header)}
    for tokens in distinct:
        while len(done[tokens]) < len(tokens):
            done[tokens] = _continue(step, done[tokens])
    return done


def _empty(step: Step, tokens: Tokens) -> Prompt:
    size = step.size
    keys = np.empty((size.layers, size.heads, size.depth, len(tokens)), np.float32)
    return Prompt(tokens, keys, np.empty(keys.transpose(0, 1, 3, 2).shape, np.float32))


def _first_chunks(step: Step, prompts: list[Tokens], header: Prompt) -> list[Prompt]:
    """The first chunk of every prompt after the header, several in one row where they fit."""
    width = ROW if header else PREFILL[1]
    known = len(header)
    lengths = [min(len(p) - known, width) for p in prompts]
    result: list[Prompt | None] = [None] * len(prompts)
    packed = pack(lengths, width)
    for some in calls(len(packed), max(EXTEND_ROWS) if header else PREFILL[0]):
        layout = [_places(row, lengths) for row in packed[some]]
        inputs = block_inputs(
            (len(layout), width),
            [
                [(p.start, prompts[p.sequence][known : known + p.length], known) for p in row]
                for row in layout
            ],
        )
        if header:
            _, made = step.extend(*inputs, *_shared_past(step, header, len(layout)))
        else:
            made = step.prefill(*inputs)
        for row, pieces in enumerate(layout):
            for p in pieces:
                new = _cut(made, row, slice(p.start, p.start + p.length))
                result[p.sequence] = header.extended(prompts[p.sequence], *new)
    return [p for p in result if p is not None]


def calls(rows: int, most: int) -> Iterator[slice]:
    """Which rows go together: `most` of them, and fewer at the end."""
    for at in range(0, rows, most):
        yield slice(at, min(at + most, rows))


def _shared_past(step: Step, header: Prompt, rows: int) -> tuple[np.ndarray, KeyValues]:
    """Mask and cache for `extend` where each of its rows goes on from the header."""
    cache = step.allocate(rows, round_slots(len(header)))
    mask = np.full((rows, ROW, cache.slots), HIDDEN, np.float32)
    for row in range(rows):
        header.copy_to(cache, row)
    mask[:, :, : len(header)] = 0
    return mask, cache


def _places(row: list[int], lengths: list[int]) -> list[_Piece]:
    starts = np.cumsum([0] + [lengths[i] for i in row])
    return [_Piece(i, int(s), lengths[i]) for i, s in zip(row, starts, strict=False)]


def _cut(made: np.ndarray, row: int, part: slice) -> tuple[np.ndarray, np.ndarray]:
    """Copies of one row's new keys (transposed) and values, out of the device's memory."""
    keys = made[0::2, row, :, part].transpose(0, 1, 3, 2)
    return np.ascontiguousarray(keys), np.ascontiguousarray(made[1::2, row, :, part])


def _continue(step: Step, prompt: Prompt) -> Prompt:
    """One more chunk of a prompt longer than a row."""
    done = len(prompt)
    chunk = prompt.tokens[done : done + ROW]
    inputs = block_inputs((1, ROW), [[(0, chunk, done)]])
    _, made = step.extend(*inputs, *_shared_past(step, prompt, 1))
    return prompt.extended(prompt.tokens, *_cut(made, 0, slice(0, len(chunk))))


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
