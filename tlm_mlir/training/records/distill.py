# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Examples that nobody measured: what a search finds, for the generator to learn from.

    tlm-mlir distill CHECKPOINT OUT.jsonl.xz \
        --corpus model/corpus/training.jsonl.xz --records model/records/dispatch*.jsonl.xz \
        --gpu cuda:sm_80,sm_90 --gpu vulkan:ampere,valhall

Nothing is measured, so there are examples for every workload of the corpus, on every machine that
the records know and on one of each kind of GPU. Rows are like records, with `predicted`: a latency
over that of IREE's default which is what the cost model predicts, or the estimate for a GPU.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from ...errors import CheckpointError, InputError, MeasureError, TlmError
from ...ir.workload import Workload
from ...iree.devices import gpu_flags
from ...iree.session import Session
from ...language.schedule import Schedule
from ...measure.isolated import isolated
from ...measure.lines import write_lines
from ...measure.retarget import REFERENCE_FLAGS, retarget
from ...policy.scheduler import Scheduler
from ...targets import registry
from ...targets.backend import DispatchTask
from ...targets.iree_default import IreeDefault
from ...targets.target import Target
from ..corpus.entries import Entry
from ..corpus.entries import read as read_corpus
from ..corpus.settings import BASE_FLAGS
from ..corpus.split import share
from .rows import OK, targets
from .search import search

BEST = 8
"""How many of the best schedules of each search are kept."""
TIMEOUT = 60.0
"""Seconds after which a search is given up."""
RANDOM = 16
"""Random schedules that a search begins with, besides what the model writes."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Search:
    """One workload of the corpus, and the machine to search for: a CPU as JSON, or IREE's flags for
    a GPU."""

    entry: Entry
    cpu: str
    gpu: tuple[str, ...]
    seed: int

    def random(self) -> np.random.Generator:
        """Random numbers of this task alone."""
        text = f"{self.seed} {self.entry.workload} {self.cpu} {self.gpu}"
        return np.random.default_rng(_number(text))


class Searcher:
    """Searches tasks; opening loads the model."""

    def __init__(self, checkpoint: Path) -> None:
        self._scheduler = Scheduler(checkpoint)
        self._choice = IreeDefault(BASE_FLAGS)
        self._reference = Session(REFERENCE_FLAGS)
        self._sessions: dict[tuple[str, ...], Session] = {}

    def rows(self, task: Search) -> Rows:
        """What is found for a task.

        Raises InputError where there is nothing to find: a dispatch that is no program by itself,
        has no schedules but the default, or a default that nothing can be compared with;
        CompileError where IREE refuses it.
        """
        asked, baseline = self._question(task)
        if not asked.schedulable:
            raise InputError("a dispatch has no schedules but the default")
        if not asked.readable:
            raise InputError("a dispatch has more tokens than the model reads")
        rng = task.random()
        starts = [asked.random(rng) for _ in range(RANDOM)]
        logs = search(self._scheduler, asked, baseline, starts, rng)
        best = [(text, log) for text, log in logs.items() if math.isfinite(log)][:BEST]
        if not best:
            raise InputError("there is no estimate of what IREE does by itself")
        return [_row(asked, text, log) for text, log in best]

    def _question(self, task: Search) -> tuple[DispatchTask, Schedule | None]:
        """What is asked, and what IREE would do."""
        if not task.gpu:
            workload, target = Workload.from_json(task.entry.workload), Target.from_json(task.cpu)
            baseline = self._choice(task.entry.source, workload, target)
            return registry.task(workload, target), baseline
        if task.gpu not in self._sessions:
            self._sessions[task.gpu] = Session(task.gpu)
        found = retarget(task.entry.source, self._sessions[task.gpu], self._reference)
        return found.task, found.baseline


def _row(asked: DispatchTask, schedule: str, log: float) -> dict[str, Any]:
    return {
        "workload": json.loads(asked.workload.to_json()),
        "target": json.loads(asked.target.to_json()),
        "schedule": schedule,
        "status": OK,
        "seconds": round(math.exp(log), 4),
        "default_seconds": 1.0,
        "predicted": True,
    }


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@cache
def _searcher(checkpoint: Path) -> Searcher:
    return Searcher(checkpoint)


def _rows(task: Search, checkpoint: Path) -> Rows:
    return _searcher(checkpoint).rows(task)


def tasks(
    entries: Iterable[Entry],
    cpus: Iterable[str],
    gpus: Sequence[Sequence[tuple[str, ...]]],
    validation: float,
    seed: int,
) -> list[Search]:
    """Every workload but those that validate, on every CPU and on one GPU of each group."""
    kept = [entry for entry in entries if share(entry.workload) >= validation]
    found = [Search(entry, cpu, (), seed) for cpu in sorted(cpus) for entry in kept]
    for group in gpus:
        for entry in kept:
            flags = group[_number(f"{seed} {entry.workload}") % len(group)]
            found.append(Search(entry, "", tuple(flags), seed))
    return found


def all_rows(some: Sequence[Search], checkpoint: Path, workers: int) -> Iterator[dict[str, Any]]:
    """The rows of all tasks, in their order. Says on stderr how many had none, and why.

    Raises CheckpointError for an unusable model.
    """
    reasons: Counter[str] = Counter()
    one = partial(_rows, checkpoint=checkpoint)
    answers = isolated(one, some, timeout=TIMEOUT, workers=workers)
    for task, rows in track(answers, "searching", len(some), console=Console(stderr=True)):
        if isinstance(rows, CheckpointError):
            raise rows
        if isinstance(rows, TlmError):
            reasons[_reason(task, rows)] += 1
        else:
            yield from rows
    for reason, count in reasons.most_common():
        print(f"left out ({count}): {reason}", file=sys.stderr)


def _reason(task: Search, error: TlmError) -> str:
    """Why a task has no rows; which one it was, where IREE ended its process."""
    if isinstance(error, MeasureError):
        return f"a {task.entry.kind} on {' '.join(task.gpu) or task.cpu}: {error}"
    return str(error)


def _flags(text: str) -> list[tuple[str, ...]]:
    """IREE's flags for each architecture of a kind of GPU. Raises TargetError for unknown ones."""
    target, _, names = text.partition(":")
    return [tuple(gpu_flags(target, name)) for name in names.split(",")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Search, without measuring, for what the generator is to write for each workload."""
    parser = argparse.ArgumentParser(prog="tlm-mlir distill", description=main.__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--corpus", type=Path, required=True, metavar="F.jsonl.xz")
    text = "of the CPUs to search for"
    parser.add_argument("--records", type=Path, nargs="*", default=[], metavar="F", help=text)
    text = "a kind of GPU and its architectures, of which each workload gets one (repeatable)"
    parser.add_argument("--gpu", action="append", default=[], metavar="TARGET:ARCH,..", help=text)
    parser.add_argument("--validation", type=float, default=0.08, help="share of workloads")
    parser.add_argument("--workloads", type=int, metavar="N", help="only the corpus's first N")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    cpus = targets(options.records)
    gpus = [_flags(text) for text in options.gpu]
    entries = read_corpus(options.corpus)[: options.workloads]
    some = tasks(entries, cpus, gpus, options.validation, options.seed)
    rows = all_rows(some, options.checkpoint, options.workers)
    written = write_lines(options.out, rows, preset=1)
    print(f"{written} predicted schedules in {options.out}")
    return 0
