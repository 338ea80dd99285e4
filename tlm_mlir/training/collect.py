# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Collecting: measures schedules of corpus workloads and keeps every outcome as a record.

Interrupting is safe at any time: finished batches are in the database, and the next call goes on
with what is missing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..ir.workload import Workload
from ..language import vocabulary
from ..measure.database import Database, Record
from ..measure.runner import Job, JobResult, Limits, measure_batches
from ..targets import registry
from ..targets.target import Target
from .corpus import BASE_FLAGS, Entry

APPLIER = "tlm_mlir.compiler.apply:apply_tokens"
CANDIDATES = 10
CYCLES_PER_SECOND = 4.2e9
EXACT_OPS = frozenset(
    ["addf", "subf", "mulf", "maximumf", "minimumf", "maxnumf", "minnumf", "cmpf", "select", "negf"]
    + ["yield", "constant", "extract", "index", "index_cast", "addi", "subi", "muli", "extf"]
)
"""Body ops that are exact on small integers."""

Proposer = Callable[[Workload, Target, set[str], int], list[str]]
"""(workload, target, schedules known already, how many) -> new schedules as token text."""


@dataclass(frozen=True)
class _Tag:
    entry: Entry
    target: Target


def random_proposer(seed: int) -> Proposer:
    """Proposes schedules drawn from the grammar, no two alike."""
    rng = np.random.default_rng(seed)

    def propose(workload: Workload, target: Target, known: set[str], count: int) -> list[str]:
        grammar = registry.grammar(workload, target)
        found: dict[str, None] = {}
        for _ in range(count * 8):
            text = " ".join(grammar.sample(rng))
            if text not in known and "pipeline:default" not in text:
                found.setdefault(text)
            if len(found) == count:
                break
        return list(found)

    return propose


def collect(
    entries: Sequence[Entry],
    target: Target,
    database: Database,
    propose: Proposer,
    *,
    round_: int,
    batches: int,
    limits: Limits | None = None,
) -> int:
    """Measures up to `batches` batches of new schedules for every entry; returns records written.

    `round_` numbers the learning round. Entries that hold enough records of the round are skipped.
    """
    known = {entry.workload: database.schedules(entry.workload, target.to_json()) for entry in entries}
    written = 0
    columns = (TextColumn("round"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("collect", total=len(entries) * batches)

        def keep(result: JobResult) -> None:
            nonlocal written
            records = list(_records(result, round_))
            database.add(records)
            written += len(records)
            progress.advance(task)

        jobs = _jobs(entries, target, propose, known, batches)
        measure_batches(jobs, on_result=keep, limits=limits or Limits(compile_timeout=90.0))
    return written


def _jobs(
    entries: Sequence[Entry],
    target: Target,
    propose: Proposer,
    known: dict[str, set[str]],
    batches: int,
) -> Iterator[Job]:
    for _ in range(batches):
        for entry in entries:
            workload = Workload.from_json(entry.workload)
            texts = propose(workload, target, known[entry.workload], CANDIDATES)
            known[entry.workload] |= set(texts)
            if texts:
                yield job(entry, workload, target, texts)


def job(entry: Entry, workload: Workload, target: Target, texts: Iterable[str]) -> Job:
    """The measuring job for some schedules of an entry."""
    base = {"workload": entry.workload, "target": target.to_json()}
    lanes = target.vector_bytes // 4
    return Job(
        source=entry.source,
        candidates=tuple({**base, "schedule": text} for text in texts),
        applier=APPLIER,
        flags=BASE_FLAGS,
        threads=target.cores,
        exact=is_exact(workload),
        # Two fused multiply-adds a lane and cycle is the most that a core can do.
        min_seconds=workload.flops / (target.cores * lanes * 4 * CYCLES_PER_SECOND),
        reduction=reduction_length(workload),
        tag=_Tag(entry, target),
    )


def is_exact(workload: Workload) -> bool:
    """Whether small integers in give exact values out, so that results compare for equality."""
    narrow = any(
        operand.dtype in ("f16", "bf16") or operand.dtype.startswith("f8")
        for op in workload.ops
        for operand in (*op.inputs, *op.outputs)
    )
    names = {line.split("(")[0].split("[")[0] for op in workload.ops for line in op.body}
    return not narrow and names <= EXACT_OPS and workload.root_op.kind == "generic"


def reduction_length(workload: Workload) -> int:
    """Terms of the longest sum: how far rounding may spread."""
    lengths = [math.prod(workload.extents[d] for d in op.dims("reduction")) for op in workload.ops]
    return max(1, *lengths)


def versions() -> str:
    """Canonical JSON of what every figure depends on besides workload, target and schedule."""
    names = {
        "iree": version("iree-base-compiler"),
        "vocabulary": vocabulary.digest(),
        "flags": list(BASE_FLAGS),
    }
    return json.dumps(names, sort_keys=True, separators=(",", ":"))


def _records(result: JobResult, round_: int) -> Iterator[Record]:
    if result.error:
        return
    tag = result.job.tag
    assert isinstance(tag, _Tag)
    base = result.default.seconds
    stamp = versions()
    default = f"{registry.backend(tag.target).DEFAULT} {vocabulary.END}"
    rows = [(default, result.default)]
    for candidate, measured in zip(result.job.candidates, result.candidates, strict=True):
        assert isinstance(candidate, dict)
        rows.append((candidate["schedule"], measured))
    for text, measured in rows:
        yield Record(
            workload=tag.entry.workload,
            target=tag.target.to_json(),
            schedule=text,
            status=measured.status,
            seconds=measured.seconds if measured.status == "ok" else None,
            default_seconds=base,
            runs=measured.runs,
            round=round_,
            versions=stamp,
        )
