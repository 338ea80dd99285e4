# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From records to groups of token segments, one group per (workload, target). No torch.

Three sources share one file format, JSON lines compressed with xz: measured records (the contract
of measure/database); rows like them that are `foretold` (records/distill.py), groups of their own,
since only like figures compare; and, for pre-training, rows that hold a list `schedules` of legal
schedules that nobody measured. Packing into training batches is in packing.py.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tlm_mlir.errors import RecordError
from tlm_mlir.model.performance import BINS, bin_of, outcome_of

FAIL = BINS
"""The bin number of a candidate that failed: one above the worst measured bin."""

OK = "ok"
EXPLORED = 30
"""Measured schedules that make a workload's best record worth imitating in any case..."""
CLEARLY_FASTER = 0.8
"""...and the latency over that of IREE's default below which it is so with fewer."""
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
    to expect of a schedule, but not which one to write. If they are `foretold`, the other way
    round.
    """

    workload: str
    target: str
    prompt: tuple[int, ...]
    segments: tuple[Segment, ...]
    question: str = "decide"
    explored: bool = True
    foretold: bool = False

    @property
    def best(self) -> Segment | None:
        """The fastest measured segment, or None."""
        ran = [s for s in self.segments if s.relative is not None]
        return min(ran, key=lambda s: (s.relative, s.tokens), default=None)


EncodePrompt = Callable[[str, str, str], Sequence[int]]
"""(workload JSON, target JSON, question) -> prompt token ids."""

GRAPH = "graph:"
"""How schedules begin that answer the question "graph"; all others answer "decide"."""

Key = tuple[str, str, str]
"""Workload JSON, target JSON, question."""

EncodeToken = Callable[[str], int]
"""Token string -> id; raises KeyError for an unknown one."""


def special_tokens() -> Special:
    """The special tokens of the project's vocabulary."""
    from tlm_mlir.language.vocabulary import ID

    perf = tuple(ID[f"perf:{k}"] for k in range(BINS)) + (ID["perf:fail"],)
    return Special(ID["<pad>"], ID["<end>"], ID["perf:?"], perf)


def encode_prompt(workload: str, target: str, question: str = "decide") -> list[int]:
    """The prompt of a question about a workload and a target given as their JSON."""
    from tlm_mlir.ir.workload import Workload
    from tlm_mlir.language.prompt import prompt
    from tlm_mlir.targets.target import Target

    return prompt(Workload.from_json(workload), Target.from_json(target), question)


def encode_token(token: str) -> int:
    """The id of a token of the project's vocabulary."""
    from tlm_mlir.language.vocabulary import ID

    return ID[token]


def read_rows(paths: Iterable[Path | str]) -> Iterator[dict[str, Any]]:
    """The rows of `.jsonl` or `.jsonl.xz` files in order. Raises RecordError with file and line."""
    for path in map(Path, paths):
        opener = lzma.open if path.suffix == ".xz" else open
        number = 0
        try:
            with opener(path, "rt", encoding="utf-8") as stream:
                for line in stream:
                    number += 1
                    row = json.loads(line)
                    yield _object(row)
        except (OSError, EOFError, lzma.LZMAError) as error:
            raise RecordError(
                f"records {path} cannot be read ({error}); copy the file again"
            ) from (None)
        except ValueError as error:
            raise RecordError(
                f"records {path}, line {number} is damaged ({error}); remove that line"
            ) from None


def _object(row: Any) -> dict[str, Any]:
    if isinstance(row, dict):
        return row
    raise ValueError("not an object")


def group_rows(rows: Iterable[dict[str, Any]]) -> dict[Key, list[dict[str, Any]]]:
    """Rows by workload, target and question, in order of first appearance."""
    groups: dict[Key, list[dict[str, Any]]] = {}
    for row in rows:
        try:
            text = str(row["schedules"][0] if "schedules" in row else row["schedule"])
            question = "graph" if text.startswith(GRAPH) else "decide"
            key = (_text(row["workload"]), _text(row["target"]), question)
        except KeyError as error:
            raise RecordError(f"a record lacks {error}; it is not from this project") from None
        groups.setdefault(key, []).append(row)
    return groups


def load_groups(
    rows: Iterable[dict[str, Any]],
    *,
    prompt: EncodePrompt = encode_prompt,
    token: EncodeToken = encode_token,
    limit: int = 1024,
) -> list[Group]:
    """Groups of encoded segments, of records and unmeasured rows alike.

    A schedule measured more than once counts with its fastest run. Segments that would not fit the
    `limit` positions of the model with their prompt are left out, as are groups without segments.
    Raises RecordError for a row or token that does not belong to this vocabulary.
    """
    result = []
    for (workload, target, question), members in group_rows(rows).items():
        head = tuple(prompt(workload, target, question))
        room = limit - len(head) - 2
        for foretold in (False, True):
            rows = [row for row in members if bool(row.get("foretold")) == foretold]
            segments = tuple(s for s in _segments(rows, token) if len(s.tokens) <= room)
            if segments:
                known = question == "graph" or foretold or _explored(rows)
                group = Group(workload, target, head, segments, question, known, foretold)
                result.append(group)
    return result


def _explored(rows: list[dict[str, Any]]) -> bool:
    """Whether many schedules were measured, or one that is clearly faster than IREE's default."""
    measured = [row for row in rows if "schedules" not in row]
    return len(measured) >= EXPLORED or not measured or _best_ratio(measured) < CLEARLY_FASTER


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


def share(text: str) -> float:
    """Where a workload, as JSON text, stands between 0 and 1: below the share it validates."""
    # Other than the workload's digest, by which a corpus is chosen.
    return int.from_bytes(hashlib.sha256(f"share {text}".encode()).digest()[:8], "big") / 2**64


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _segments(rows: list[dict[str, Any]], token: EncodeToken) -> list[Segment]:
    best = _best_ratio([row for row in rows if "schedules" not in row])
    found: dict[tuple[int, ...], Segment] = {}
    for row in rows:
        if "schedules" in row:
            for text in row["schedules"]:
                tokens = _encode(text, token)
                found.setdefault(tokens, Segment(tokens))
            continue
        segment = _measured(row, best, token)
        found[segment.tokens] = _better(found.get(segment.tokens), segment)
    return list(found.values())


def _best_ratio(rows: list[dict[str, Any]]) -> float:
    """The least latency relative to IREE's default, which itself counts as 1."""
    return min([1.0, *(latency_ratio(row) for row in rows if row.get("status") == OK)])


def latency_ratio(row: dict[str, Any]) -> float:
    """Latency over that of IREE's default in the same interleaved batch: the machine's speed and
    its noise from batch to batch cancel. Raises RecordError when one of them is missing."""
    seconds, base = row.get("seconds"), row.get("default_seconds")
    for value in (seconds, base):
        if not isinstance(value, (int, float)) or not 0 < value < math.inf:
            raise RecordError(
                f"a record has status ok but {value!r} seconds; remove it or measure it again"
            )
    return float(seconds) / float(base)  # type: ignore[arg-type]


def _measured(row: dict[str, Any], best: float, token: EncodeToken) -> Segment:
    tokens = _encode(row.get("schedule"), token)
    if row.get("status") != OK:
        return Segment(tokens, FAIL, None, FAIL)
    ratio = latency_ratio(row)
    relative = max(1.0, ratio / best)
    return Segment(tokens, bin_of(relative), relative, outcome_of(ratio))


def _better(old: Segment | None, new: Segment) -> Segment:
    """Of two records of one schedule: the one that ran, then the faster, then the measured one."""
    if old is None or old.bin is None:
        return new
    if new.relative is None:
        return old
    return new if old.relative is None or new.relative < old.relative else old


def _encode(text: object, token: EncodeToken) -> tuple[int, ...]:
    try:
        return tuple(token(t) for t in str(text).split())
    except KeyError as error:
        raise RecordError(
            f"a record's schedule holds the token {error}, which this vocabulary lacks; use the "
            "records of this version"
        ) from None
