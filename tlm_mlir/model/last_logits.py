# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Questions that one token answers: many segments at once, each after its prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tlm_mlir.model.prefill import Prompt, Tokens, block_inputs, calls, pack, round_slots
from tlm_mlir.model.shapes import EXTEND_ROWS, ROW
from tlm_mlir.model.step import HIDDEN, Step


@dataclass(frozen=True)
class _PackedRow:
    """Segments (indices) of one prompt that share a row."""

    prompt: Prompt
    segments: list[int]


def last_logits(
    model: Step,
    prompts: Sequence[Sequence[int]],
    segments: Sequence[Sequence[int]],
    prefilled: Mapping[Tokens, Prompt],
) -> np.ndarray:
    """Logits float32 [n, vocabulary] at the last token of each segment after its prompt.

    A segment has at most ROW tokens; `prefilled` holds every prompt.
    """
    if not segments:
        return np.zeros((0, model.size.vocabulary), np.float32)
    found: dict[int, np.ndarray] = {}
    rows = _pack(prompts, segments, prefilled)
    for some in calls(len(rows), max(EXTEND_ROWS)):
        found |= _run_rows(model, rows[some], segments)
    return np.stack([found[place] for place in range(len(segments))])


def _pack(
    prompts: Sequence[Sequence[int]],
    fed: Sequence[Sequence[int]],
    known: Mapping[Tokens, Prompt],
) -> list[_PackedRow]:
    members: dict[Tokens, list[int]] = {}
    for i, prompt in enumerate(prompts):
        members.setdefault(tuple(prompt), []).append(i)
    rows = []
    for tokens, indices in sorted(members.items(), key=lambda item: len(item[0])):
        for row in pack([len(fed[i]) for i in indices], ROW):
            rows.append(_PackedRow(known[tokens], [indices[k] for k in row]))
    return rows


def _run_rows(
    model: Step,
    rows: Sequence[_PackedRow],
    fed: Sequence[Sequence[int]],
) -> dict[int, np.ndarray]:
    """The logits by the segment's index."""
    shape = (len(rows), ROW)
    cache = model.allocate(shape[0], round_slots(max(len(row.prompt) for row in rows)))
    past_mask = np.full((*shape, cache.slots), HIDDEN, np.float32)
    layout: list[list[tuple[int, Sequence[int], int]]] = []
    ends: list[tuple[int, int, int]] = []
    for place, row in enumerate(rows):
        row.prompt.copy_to(cache, place)
        past_mask[place, :, : len(row.prompt)] = 0
        start = 0
        pieces: list[tuple[int, Sequence[int], int]] = []
        for i in row.segments:
            pieces.append((start, fed[i], len(row.prompt)))
            start += len(fed[i])
            ends.append((i, place, start - 1))
        layout.append(pieces)
    logits, _ = model.extend(*block_inputs(shape, layout), past_mask, cache)
    return {i: logits[place, end].copy() for i, place, end in ends}
