# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packing prompts and segments into rows of fixed length. No torch.

A *document* is a prompt followed by segments of its group; a row holds one or more documents. A
segment sees its own prompt and itself only, and its positions start at len(prompt), so that a
packed row gives the very numbers of its segments taken alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tlm_mlir.training.fit.dataset import Group, Objective, Segment, Special, select

PAD_DOCUMENT = -1
NO_OUTCOME = -1
_FAILED_RELATIVE = 40.0


@dataclass(frozen=True)
class Form:
    """One training sequence: input tokens, next-token targets' weights (0: no loss)."""

    tokens: tuple[int, ...]
    weights: tuple[float, ...]
    """weights[i] belongs to predicting tokens[i + 1] at token i; the last is 0."""
    bin: int = NO_OUTCOME
    """The performance that every decision is to predict, or NO_OUTCOME."""
    kept: bool = False
    """Whether the targets are a teacher's distributions."""


@dataclass(frozen=True)
class Batch:
    """Arrays [rows, length]: int64 tokens, positions, targets; int32 document and segment numbers
    (segment 0 is the prompt); float32 loss weights of predicting `targets`; int64 bins, the
    performance of the schedule under way where it is to be predicted, else NO_OUTCOME; bool `kept`,
    whether a teacher tells what is to be predicted."""

    tokens: np.ndarray
    positions: np.ndarray
    documents: np.ndarray
    segments: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    bins: np.ndarray
    kept: np.ndarray


def generator_form(segment: Segment, special: Special, focus: float = 0.0) -> Form:
    """Form A: perf:k d1 d2 .. <end>; the perf token is given, so it bears no loss.

    A measured schedule weighs 1 / (relative latency ** focus): nobody asks for slow ones.
    """
    perf = special.perf_unknown if segment.bin is None else special.perf[segment.bin]
    tokens = (perf, *segment.tokens)
    relative = 1.0 if segment.bin is None else segment.relative or _FAILED_RELATIVE
    return Form(tokens, (relative**-focus,) * (len(tokens) - 1) + (0.0,))


def outcome_form(segment: Segment, special: Special, outcome_weight: float) -> Form:
    """Form B: perf:? d1 d2 .. <end> perf:k. Only perf:k bears loss: form A teaches the rest."""
    assert segment.outcome is not None
    tokens = (special.perf_unknown, *segment.tokens, special.perf[segment.outcome])
    return Form(tokens, (0.0,) * len(segment.tokens) + (outcome_weight, 0.0), segment.outcome)


def choose_form(
    segment: Segment,
    special: Special,
    rng: np.random.Generator,
    *,
    objective: Objective,
    outcome_share: float,
    outcome_weight: float,
    focus: float = 0.0,
    explored: bool = True,
) -> Form:
    """A form for one epoch: unmeasured segments and the objective "best" know only form A, those of
    a group that is not explored only form B (those of a predicted one only A: `Batches`)."""
    if segment.bin is None:
        return generator_form(segment, special)
    if objective == "best":
        return generator_form(Segment(segment.tokens, 0, segment.relative), special)
    if not explored or rng.random() < outcome_share:
        return outcome_form(segment, special, outcome_weight)
    return generator_form(segment, special, focus)


Document = tuple[tuple[int, ...], list[Form]]
"""A prompt and the forms that follow it."""


def documents(prompt: tuple[int, ...], forms: Sequence[Form], length: int) -> Iterator[Document]:
    """Split a group's forms into documents of at most `length` tokens."""
    current: list[Form] = []
    used = len(prompt)
    for form in forms:
        if used + len(form.tokens) > length and current:
            yield prompt, current
            current, used = [], len(prompt)
        if used + len(form.tokens) <= length:
            current.append(form)
            used += len(form.tokens)
    if current:
        yield prompt, current


def fill_rows(items: Sequence[Document], length: int) -> list[list[Document]]:
    """First-fit decreasing of documents into rows of `length` tokens, in a deterministic order."""
    sizes = [len(prompt) + sum(len(f.tokens) for f in forms) for prompt, forms in items]
    order = sorted(range(len(items)), key=lambda i: -sizes[i])
    rows: list[list[Document]] = []
    # Rows by free room; a row too full for the shortest document is never looked at again.
    open_rows: list[tuple[int, int]] = []
    shortest = min(sizes, default=0)
    for i in order:
        for at, (room, row) in enumerate(open_rows):
            if sizes[i] <= room:
                rows[row].append(items[i])
                room -= sizes[i]
                open_rows[at : at + 1] = [(room, row)] if room >= shortest else []
                break
        else:
            rows.append([items[i]])
            if length - sizes[i] >= shortest:
                open_rows.append((length - sizes[i], len(rows) - 1))
    return rows


def collate(rows: Sequence[Sequence[Document]], length: int, pad: int) -> Batch:
    """Lay documents out as arrays."""
    shape = (len(rows), length)
    batch = Batch(
        tokens=np.full(shape, pad, np.int64),
        positions=np.zeros(shape, np.int64),
        documents=np.full(shape, PAD_DOCUMENT, np.int32),
        segments=np.zeros(shape, np.int32),
        targets=np.full(shape, pad, np.int64),
        weights=np.zeros(shape, np.float32),
        bins=np.full(shape, NO_OUTCOME, np.int64),
        kept=np.zeros(shape, bool),
    )
    for row, members in enumerate(rows):
        start = 0
        for number, (prompt, forms) in enumerate(members):
            empty = Form(prompt, (0.0,) * len(prompt))
            for segment, form in enumerate((empty, *forms)):
                part = (row, slice(start, start + len(form.tokens)))
                first = 0 if segment == 0 else len(prompt)
                batch.tokens[part] = form.tokens
                batch.positions[part] = np.arange(first, first + len(form.tokens))
                batch.documents[part] = number
                batch.segments[part] = segment
                batch.targets[part] = (*form.tokens[1:], pad)
                batch.weights[part] = form.weights
                batch.kept[part] = form.kept
                # Not at the last token, which is the bin itself.
                batch.bins[row, start : start + len(form.tokens) - 1] = form.bin
                start += len(form.tokens)
    return batch


def attention_mask(documents: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """bool [rows, 1, length, length]: token i sees j <= i of its prompt and of its own segment."""
    length = documents.shape[1]
    same = documents[:, :, None] == documents[:, None, :]
    own = segments[:, :, None] == segments[:, None, :]
    prompt = (segments == 0)[:, None, :]
    causal = np.tri(length, dtype=bool)
    return np.asarray((same & (own | prompt) & causal)[:, None])


@dataclass(frozen=True)
class Batches:
    """The batches of an epoch: a pure function of the groups, the settings and the epoch's seed.

    `cap` bounds how many segments of a group an epoch uses (0: all), so that a workload with very
    many records does not crowd out the others; each epoch draws other ones.
    """

    groups: Sequence[Group]
    special: Special
    rows: int = 8
    length: int = 1024
    objective: Objective = "all"
    outcome_share: float = 0.5
    outcome_weight: float = 4.0
    focus: float = 0.0
    cap: int = 0

    def epoch(self, seed: int) -> list[list[list[Document]]]:
        """The rows of each batch of one epoch, shuffled."""
        rng = np.random.Generator(np.random.PCG64(seed))
        rows: list[list[Document]] = []
        # Rows of their own for what is kept: of these alone a teacher is asked.
        for kept in (False, True):
            items: list[Document] = []
            for group in select(self.groups, self.objective):
                if group.kept == kept:
                    items += documents(group.prompt, self._forms(group, rng), self.length)
            rng.shuffle(items)
            rows += fill_rows(items, self.length)
        rng.shuffle(rows)
        return [rows[i : i + self.rows] for i in range(0, len(rows), self.rows)]

    def collate(self, rows: Sequence[Sequence[Document]]) -> Batch:
        """The arrays of one batch of `epoch`."""
        return collate(rows, self.length, self.special.pad)

    def _forms(self, group: Group, rng: np.random.Generator) -> list[Form]:
        order = rng.permutation(len(group.segments))
        if self.cap:
            order = order[: self.cap]
        some = [group.segments[i] for i in order]
        if group.kept:
            forms = (generator_form(segment, self.special, self.focus) for segment in some)
            return [replace(form, kept=True) for form in forms]
        return [
            choose_form(
                segment,
                self.special,
                rng,
                objective=self.objective,
                outcome_share=0.0 if group.predicted else self.outcome_share,
                outcome_weight=self.outcome_weight,
                focus=self.focus,
                explored=group.explored,
            )
            for segment in some
        ]
