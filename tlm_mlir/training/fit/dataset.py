# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From rows of records to groups of token segments, one group per (workload, target). No torch.

Measured and predicted rows of one task are groups of their own, since only like figures compare.
Packing into training batches is in packing.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tlm_mlir.language.vocabulary import ID
from tlm_mlir.model.performance import BINS, bin_of, outcome_of
from tlm_mlir.training.corpus.split import share
from tlm_mlir.training.records.rows import Measured, Rows

FAIL = BINS
"""The bin number of a candidate that failed: one above the worst measured bin."""

EXPLORED = 30
"""So many measured schedules make a workload's best record worth imitating in any case."""
CLEARLY_FASTER = 0.8
"""Latency over that of IREE's default below which a best record out of fewer than EXPLORED is worth
imitating, too."""
Objective = Literal["all", "best"]


@dataclass(frozen=True)
class Special:
    """Token ids that the training format needs, from the vocabulary."""

    pad: int
    end: int
    perf_unknown: int
    perf: tuple[int, ...]
    """perf:0 .. perf:9, then perf:fail."""


@dataclass(frozen=True)
class Segment:
    """One schedule's tokens (ending in <end>) and, if measured, how it did.

    `bin` is that of the latency relative to the group's best, `outcome` that of the latency
    relative to IREE's default: 0..9 or FAIL, None if unmeasured. `relative` (>= 1, to the best) is
    None unless the candidate ran.
    """

    tokens: tuple[int, ...]
    bin: int | None = None
    relative: float | None = None
    outcome: int | None = None


@dataclass(frozen=True)
class Group:
    """All segments of one workload on one target.

    `explored` says whether the best of them may pass for the best there is. If not, they tell what
    to expect of a schedule, but not which one to write. If they are `predicted`, the other way
    round. Of one that is `kept` the network is to write what it wrote before.
    """

    workload: str
    target: str
    prompt: tuple[int, ...]
    segments: tuple[Segment, ...]
    question: str = "decide"
    explored: bool = True
    predicted: bool = False
    kept: bool = False

    @property
    def best(self) -> Segment | None:
        """The fastest measured segment, or None."""
        ran = [s for s in self.segments if s.relative is not None]
        return min(ran, key=lambda s: (s.relative, s.tokens), default=None)


def special_tokens() -> Special:
    """The special tokens of the project's vocabulary."""
    perf = tuple(ID[f"perf:{k}"] for k in range(BINS)) + (ID["perf:fail"],)
    return Special(ID["<pad>"], ID["<end>"], ID["perf:?"], perf)


def load_groups(found: Iterable[Rows], *, limit: int = 1024) -> list[Group]:
    """Groups of encoded segments, of records and unmeasured schedules alike.

    A schedule measured more than once counts with its fastest run. Segments that would not fit the
    `limit` positions of the model with their prompt are left out, as are groups without segments.
    """
    result = []
    for rows in found:
        task = rows.task
        question = task.question.token
        head = tuple(task.prompt)
        room = limit - len(head) - 2
        for predicted in (False, True):
            measured = rows.predicted if predicted else rows.measured
            unmeasured = () if predicted else rows.unmeasured
            segments = tuple(s for s in _segments(measured, unmeasured) if len(s.tokens) <= room)
            if segments:
                known = question == "graph" or predicted or _explored(measured)
                about = (rows.workload, rows.target, head)
                result.append(Group(*about, segments, question, known, predicted))
    return result


def _explored(measured: Sequence[Measured]) -> bool:
    """Whether many schedules were measured, or one that is clearly faster than IREE's default."""
    return len(measured) >= EXPLORED or not measured or _best_ratio(measured) < CLEARLY_FASTER


def keep(groups: Sequence[Group], words: int) -> list[Group]:
    """The groups; those are `kept` that need none but the first `words` of the vocabulary."""

    def known(group: Group) -> bool:
        spelled = (group.prompt, *(segment.tokens for segment in group.segments))
        return all(max(tokens) < words for tokens in spelled)

    return [replace(group, kept=known(group)) for group in groups]


def select(groups: Sequence[Group], objective: Objective) -> list[Group]:
    """What the objective trains on: "all" keeps everything, "best" (TLM's way, for the ablation)
    only the fastest measured segment of each group."""
    if objective == "all":
        return list(groups)
    result = []
    for group in groups:
        best = group.best
        if best is not None:
            result.append(replace(group, segments=(best,)))
    return result


def split(groups: Sequence[Group], fraction: float) -> tuple[list[Group], list[Group]]:
    """(training, validation): `fraction` of the workloads by their hash, with all their targets."""
    held = [share(group.workload) < fraction for group in groups]
    training = [g for g, h in zip(groups, held, strict=True) if not h]
    return training, [g for g, h in zip(groups, held, strict=True) if h]


def _segments(measured: Sequence[Measured], unmeasured: Sequence[str]) -> list[Segment]:
    best = _best_ratio(measured)
    found: dict[tuple[int, ...], Segment] = {}
    for row in measured:
        segment = _segment(row, best)
        found[segment.tokens] = _better(found.get(segment.tokens), segment)
    for text in unmeasured:
        tokens = _tokens(text)
        found.setdefault(tokens, Segment(tokens))
    return list(found.values())


def _best_ratio(measured: Sequence[Measured]) -> float:
    """The least latency relative to IREE's default, which itself counts as 1."""
    return min([1.0, *(row.ratio for row in measured if row.ratio is not None)])


def _segment(row: Measured, best: float) -> Segment:
    tokens, ratio = _tokens(row.text), row.ratio
    if ratio is None:
        return Segment(tokens, FAIL, None, FAIL)
    relative = max(1.0, ratio / best)
    return Segment(tokens, bin_of(relative), relative, outcome_of(ratio))


def _tokens(text: str) -> tuple[int, ...]:
    return tuple(ID[token] for token in text.split())


def _better(old: Segment | None, new: Segment) -> Segment:
    """The better of two records of one schedule: the one that ran, then the faster."""
    if old is None:
        return new
    if new.relative is None:
        return old
    return new if old.relative is None or new.relative < old.relative else old
