# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Collecting: measures schedules of corpus workloads and keeps every outcome as a record.

Interrupting is safe at any time: finished batches are in the database, and the next call goes on
with what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...errors import InputError
from ...ir.workload import Workload
from ...iree.release import installed_iree
from ...language.sampling import mutate
from ...language.schedule import DEFAULT, END, Schedule
from ...measure import jobs
from ...measure.database import Database, Record
from ...measure.lines import canonical
from ...measure.runner import Job, JobResult, Limits, measure_batches
from ...measure.versions import versions, words_of
from ...policy.scheduler import Scheduler
from ...targets import registry
from ...targets.iree_default import IreeDefault
from ...targets.target import CpuTarget
from ...targets.task import Task
from ..corpus.entries import Entry
from ..corpus.settings import BASE_FLAGS
from .search import Decisions, decisions, search

CANDIDATES = 10
Proposer = Callable[[Entry, CpuTarget, set[str], int], list[str]]
"""(entry, target, schedules known already, how many) -> new schedules as token text."""


@dataclass(frozen=True)
class _Tag:
    entry: Entry
    target: CpuTarget


def random_proposer(seed: int) -> Proposer:
    """Proposes schedules drawn token by token from the grammar, no two alike: no knowledge."""
    rng = np.random.default_rng(seed)

    def propose(entry: Entry, target: CpuTarget, known: set[str], count: int) -> list[str]:
        grammar = registry.task(Workload.from_json(entry.workload), target).grammar()
        found: dict[str, None] = {}
        for _ in range(count * 8):
            tokens = grammar.sample(rng)
            text = " ".join(tokens)
            if text not in known and tokens[0] != DEFAULT:
                found.setdefault(text)
            if len(found) == count:
                break
        return list(found)

    return propose


def search_proposer(database: Database, seed: int, fresh: float = 0.2) -> Proposer:
    """Proposes what IREE does by itself, sketches, mutations of those and of the best measured so
    far, and random schedules, no two alike.

    `fresh` is the share of random ones.
    """
    rng = np.random.default_rng(seed)
    choice = IreeDefault(BASE_FLAGS)

    def propose(entry: Entry, target: CpuTarget, known: set[str], count: int) -> list[str]:
        workload = Workload.from_json(entry.workload)
        task = registry.task(workload, target)
        parents = [decisions(s) for s in _best_measured(database, task)]
        # Once, as one of the best measured: they need not be among them.
        starts = [*task.sketches()]
        baseline = choice(entry.source, workload, target)
        if baseline is not None and not baseline.is_default:
            starts.append(baseline)
        parents += map(decisions, starts)
        texts = dict.fromkeys(map(task.text, starts))
        found = [text for text in texts if text not in known]
        known = known | set(found)
        count -= len(found)
        return found + _variations(task, parents, known, count, fresh, rng)

    return propose


def model_proposer(database: Database, model: Path | None, seed: int) -> Proposer:
    """Proposes what `search.search` finds: what the model writes, varied, and the best predicted.

    For every three of the best there is one that is drawn blindly from the others: the next model
    learns from those where this one errs.
    """
    scheduler = Scheduler(model)
    rng = np.random.default_rng(seed)
    choice = IreeDefault(BASE_FLAGS)

    def propose(entry: Entry, target: CpuTarget, known: set[str], count: int) -> list[str]:
        workload = Workload.from_json(entry.workload)
        baseline = choice(entry.source, workload, target)
        task = registry.task(workload, target)
        found = search(scheduler, task, baseline, _best_measured(database, task), rng)
        order = [text for text in found if text not in known]
        best, rest = order[: count - count // 4], order[count - count // 4 :]
        blind = rng.permutation(len(rest))[: count // 4]
        return best + [rest[i] for i in blind]

    return propose


def _variations(
    task: Task,
    parents: Sequence[Decisions],
    known: set[str],
    count: int,
    fresh: float,
    rng: np.random.Generator,
) -> list[str]:
    """Up to `count` schedules that are not known: mutations of parents, a share of them random."""
    found: dict[str, None] = {}
    for _ in range(count * 8):
        if len(found) == count:
            break
        parent: Decisions = {}
        if parents and rng.random() >= fresh:
            parent = parents[int(rng.integers(len(parents)))]
        schedule = mutate(task.space(), parent, task.workload.extents, rng)
        text = task.text(schedule)
        if text not in known and not schedule.is_default:
            found.setdefault(text)
    return list(found)


def _best_measured(database: Database, task: Task, count: int = 5) -> list[Schedule]:
    """The best measured schedules of a workload that are not the default, with any IREE."""
    found: dict[Schedule, float] = {}
    for record in database.records(task.workload.to_json(), task.target.to_json()):
        if record.status == "ok" and record.seconds and record.default_seconds:
            try:
                schedule = task.parse(record.schedule, words_of(record.versions))
            except InputError:  # A record of an earlier space.
                continue
            ratio = record.seconds / record.default_seconds
            found[schedule] = min(ratio, found.get(schedule, ratio))
    best = sorted(found, key=lambda schedule: found[schedule])
    return [schedule for schedule in best if not schedule.is_default][:count]


def proposer(name: str, database: Database, seed: int, model: Path | None) -> Proposer:
    """The proposer called "search", "random" or "model"."""
    if name == "model":
        return model_proposer(database, model, seed)
    return random_proposer(seed) if name == "random" else search_proposer(database, seed)


def affordable(entries: Sequence[Entry], max_flops: float) -> list[Entry]:
    """Contractions, and products with packed weights, of at most so many operations, others of a
    tenth, ordered by their digests.

    A budget of time is meant: IREE's default runs other ops some ten times slower.
    """
    kept = []
    for entry in entries:
        workload = Workload.from_json(entry.workload)
        limit = max_flops if entry.kind in ("contraction", "panels") else max_flops / 10
        if workload.flops <= limit:
            kept.append((workload.digest, entry))
    return [entry for _, entry in sorted(kept, key=lambda item: item[0])]


def collect(
    entries: Sequence[Entry],
    target: CpuTarget,
    database: Database,
    propose: Proposer,
    *,
    round_: int,
    batches: int,
    limits: Limits | None = None,
) -> int:
    """Measures new schedules of every entry until it has records of `batches` batches of a learning
    round, `round_`; returns records written. So the same call goes on where one was interrupted.

    Contractions of candidates multiply rows by columns, as `tlm-mlir compile` has it; IREE's
    default is measured as IREE forms the dispatch.
    """
    entries = [_swapped(entry) for entry in entries]
    text, iree = target.to_json(), installed_iree()
    known = {entry.workload: database.schedules(entry.workload, text, iree) for entry in entries}
    rest = {
        entry.workload: batches * CANDIDATES - _of_round(database, entry, text, round_)
        for entry in entries
    }
    total = sum(-(-max(0, count) // CANDIDATES) for count in rest.values())
    written = 0
    columns = (TextColumn("round"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("collect", total=total)

        def keep(result: JobResult) -> None:
            nonlocal written
            records = list(_records(result, round_))
            database.add(records)
            written += len(records)
            progress.advance(task)

        some = _jobs(entries, target, propose, known, rest)
        measure_batches(some, on_result=keep, limits=limits or Limits(compile_timeout=20.0))
    return written


def _swapped(entry: Entry) -> Entry:
    workload = Workload.from_json(entry.workload)
    return replace(entry, workload=workload.swapped().to_json())


def _jobs(
    entries: Sequence[Entry],
    target: CpuTarget,
    propose: Proposer,
    known: dict[str, set[str]],
    rest: dict[str, int],
) -> Iterator[Job]:
    """Jobs until no entry has a `rest` of schedules, those with the fewest known ones first."""
    while left := [entry for entry in entries if rest[entry.workload] > 0]:
        for entry in sorted(left, key=lambda item: len(known[item.workload])):
            count = min(CANDIDATES, rest[entry.workload])
            rest[entry.workload] -= count
            texts = propose(entry, target, known[entry.workload], count)
            known[entry.workload] |= set(texts)
            if texts:
                yield job(entry, Workload.from_json(entry.workload), target, texts)


def _of_round(database: Database, entry: Entry, target: str, round_: int) -> int:
    """How many schedules of an entry, besides IREE's default, were measured in a round."""
    found = database.records(entry.workload, target, iree=installed_iree())
    return sum(
        record.round == round_ and record.schedule != f"{DEFAULT} {END}" for record in found
    )


def job(entry: Entry, workload: Workload, target: CpuTarget, texts: Iterable[str]) -> Job:
    """The measuring job for some schedules of an entry."""
    return jobs.job(entry.source, workload, target, texts, BASE_FLAGS, _Tag(entry, target))


def stamp() -> str:
    """What a record of this machine's says of its versions, as canonical JSON."""
    return canonical({**versions(), "flags": list(BASE_FLAGS)})


def _records(result: JobResult, round_: int) -> Iterator[Record]:
    tag = result.job.tag
    assert isinstance(tag, _Tag)
    return jobs.records(result, tag.entry.workload, tag.target.to_json(), round_, stamp())
