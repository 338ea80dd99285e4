# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a checkpoint writes, for the next one not to forget it (`tlm-mlir train --keep`).

    tlm-mlir written CHECKPOINT OUT.jsonl.xz --corpus model/corpus/training.jsonl.xz \
        --records model/records/*.jsonl.xz --gpu cuda:sm_80,sm_90 --gpu vulkan:ampere,valhall

It is asked as a compilation asks: every dispatch of the corpus for two CPUs of the records and
another, some also for a GPU of each kind, and every op of the records that are about whole
programs. Rows are like records, `predicted` to be as fast as IREE's default. Nothing is searched or
judged.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from ...decisions.points import early_task
from ...errors import TlmError
from ...ir.workload import Workload
from ...iree.devices import gpu_flags
from ...iree.session import Session
from ...measure.isolated import isolated
from ...measure.lines import write_lines
from ...measure.retarget import REFERENCE_FLAGS, retarget
from ...model.checkpoint import load
from ...model.step import Step
from ...policy.writer import Writer
from ...targets import registry
from ...targets.target import Target
from ...targets.task import Task
from ..corpus.entries import Entry
from ..corpus.entries import read as read_corpus
from ..corpus.split import share
from .rows import GRAPH, OK, read_lines, targets
from .unmeasured import any_cpu

TEMPERATURES = (0.0, 0.7, 1.0)
"""Of the schedules of each task: greedy, and two drawn."""
TOGETHER = 10
"""Tasks that are asked at a time: with TEMPERATURES they fill the model's widest step."""
TIMEOUT = 60.0
"""Seconds after which IREE is no longer waited for."""
KNOWN = 2
"""Machines of the records that each dispatch is asked about."""


def for_cpus(
    entries: Sequence[Entry], known: Sequence[str], rng: np.random.Generator
) -> Iterator[Task]:
    """The task of each dispatch for KNOWN machines of the records, and for another CPU."""
    for entry in entries:
        workload = Workload.from_json(entry.workload)
        places = rng.permutation(len(known))[:KNOWN]
        for target in (*(Target.from_json(known[place]) for place in places), any_cpu(rng)):
            yield registry.task(workload, target)


def for_gpus(
    entries: Sequence[Entry], gpus: Sequence[str], rng: np.random.Generator
) -> Iterator[Task]:
    """The task of each dispatch for one GPU of each kind; none where it cannot be one's. IREE runs
    in processes of its own: it may end one."""
    asked = []
    for entry in entries:
        for gpu in gpus:
            kind, _, names = gpu.partition(":")
            name = str(rng.choice(names.split(",")))
            asked.append((entry.source, tuple(gpu_flags(kind, name))))
    for _, found in isolated(_on_gpu, asked, timeout=TIMEOUT, workers=1):
        if not isinstance(found, TlmError):
            workload, target = found
            yield registry.task(Workload.from_json(workload), Target.from_json(target))


def _on_gpu(asked: tuple[str, tuple[str, ...]]) -> tuple[str, str]:
    """The workload and the target (JSON) of a dispatch (MLIR) under IREE's flags for a GPU."""
    source, flags = asked
    task = retarget(source, _session(flags), _session(REFERENCE_FLAGS)).task
    return task.workload.to_json(), task.target.to_json()


@cache
def _session(flags: tuple[str, ...]) -> Session:
    return Session(flags)


def for_programs(
    records: Iterable[Path], validation: float, known: Sequence[str], rng: np.random.Generator
) -> Iterator[Task]:
    """The task of each op that records of whole programs are about, for two of the machines."""
    found = {
        row["workload"]
        for path in records
        for _, row in read_lines(path)
        if str(row.get("schedule", "")).startswith(GRAPH)
    }
    for text in sorted(found):
        if share(text) >= validation:
            for place in rng.permutation(len(known))[:KNOWN]:
                yield early_task(Workload.from_json(text), Target.from_json(known[place]))


def rows(tasks: Iterable[Task], writer: Writer, seed: int) -> Iterator[dict[str, Any]]:
    """What is written for the tasks, those of one target and one question together."""
    groups: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in tasks:
        if task.schedulable and task.readable:
            groups[task.target.to_json(), task.question.token].append(task)
    some = [
        group[start : start + TOGETHER]
        for group in groups.values()
        for start in range(0, len(group), TOGETHER)
    ]
    for number, part in enumerate(track(some, "asking", console=Console(stderr=True))):
        written = writer.write(part, TEMPERATURES, seed + number)
        for task, schedules in zip(part, written, strict=True):
            for text in dict.fromkeys(map(task.text, schedules)):
                yield _row(task, text)


def _row(task: Task, text: str) -> dict[str, Any]:
    return {
        "workload": json.loads(task.workload.to_json()),
        "target": json.loads(task.target.to_json()),
        "schedule": text,
        "status": OK,
        "seconds": 1.0,
        "default_seconds": 1.0,
        "predicted": True,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask a checkpoint about a corpus, for the next one to keep what it writes."""
    parser = argparse.ArgumentParser(prog="tlm-mlir written", description=main.__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--corpus", type=Path, required=True, metavar="F.jsonl.xz")
    text = "of the CPUs and the ops of programs to ask about"
    parser.add_argument("--records", type=Path, nargs="+", required=True, metavar="F", help=text)
    text = "a kind of GPU and its architectures (repeatable)"
    parser.add_argument("--gpu", action="append", default=[], metavar="TARGET:ARCH,..", help=text)
    parser.add_argument("--for-gpus", type=int, default=500, help="dispatches asked about for GPUs")
    parser.add_argument("--validation", type=float, default=0.08, help="share of workloads")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    entries = [
        entry
        for entry in read_corpus(options.corpus)
        if entry.kind != "panels" and share(entry.workload) >= options.validation
    ]
    known = targets(options.records)
    asked = list(for_cpus(entries, known, rng))
    asked += for_programs(options.records, options.validation, known, rng)
    if options.gpu:
        places = rng.permutation(len(entries))[: options.for_gpus]
        asked += for_gpus([entries[place] for place in places], options.gpu, rng)
    writer = Writer(Step.open(load(options.checkpoint)))
    found = rows(asked, writer, options.seed)
    print(f"{write_lines(options.out, found, preset=1)} written schedules in {options.out}")
    return 0
