# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Collecting for graph decisions: measures every option of an op, in a program of that op alone.

    tlm-mlir collect-graph NETWORKS_DIR DATABASE [--limit N]
    tlm-mlir collect-graph --drawn 800 --seed 5 DATABASE

Ops come from the training networks; what also occurs in a held-out network stays out. Or they are
drawn at random (`corpus/drawn_programs.py`). A record's workload is the op's own, its schedule
begins with `graph:`, and its `statics` tell where the op's inputs come from. The time of im2col is
the better of im2col alone and with its contraction tiled, since that is decided next. With channels
last, filters that are known at load are packed next. Interrupting is safe at any time.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ...decisions.channels_last import LAST
from ...decisions.dispatch import Lowering
from ...decisions.layout import IM2COL, Layout
from ...decisions.packing import TILED, Packing
from ...decisions.point import Site
from ...decisions.weights import Weights
from ...errors import InputError, TlmError
from ...iree.release import installed_iree
from ...language.sampling import every
from ...language.schedule import END
from ...measure.arithmetic import reduction_length
from ...measure.database import Database, Record
from ...measure.jobs import CYCLES_PER_SECOND
from ...measure.lines import canonical
from ...measure.program import (
    SKETCHED,
    Limits,
    ProgramJob,
    ProgramResult,
    Variant,
    measure_programs,
)
from ...measure.worker import Measured
from ...targets.cpu.host import usable_cores
from ...targets.target import CpuTarget
from ...targets.task import Task
from ..corpus.drawn_programs import OneOp, draw
from ..corpus.entries import MIN_POINTS, root_key
from ..corpus.graph_ops import held_out_keys, visit_network, visit_program
from ..corpus.networks import TRAINING
from ..corpus.one_op_programs import one_op_program
from ..corpus.settings import BASE_FLAGS
from .collect import stamp
from .rows import SOURCES

MAX_FLOPS = 4e9
DRAWN = (Layout.name, Packing.name)
"""The decision points about the ops of drawn programs."""
MOST = 16
"""Schedules of an op that are measured; of more, as many random ones."""


@dataclass(frozen=True)
class GraphEntry:
    """An op of a network or a drawn program: its task, the decision point that it is for, where it
    is from, and a program of the op alone."""

    task: Task[CpuTarget]
    point: str
    network: str
    source: str


def gather(folder: Path, cores: int) -> Iterator[GraphEntry]:
    """Distinct ops of the training networks in a folder, one network after the other.

    Raises InputError when there is none, or a held-out network is missing.
    """
    seen = held_out_keys(folder)
    paths = [path for name in TRAINING if (path := folder / f"{name}.mlir").is_file()]
    if not paths:
        raise InputError(f"{folder} holds no exported training network; run the export first")
    # Shuffled, the same way each time: a run that is stopped early has seen all families.
    paths.sort(key=lambda path: hashlib.sha256(path.stem.encode()).digest())
    for path in paths:
        found: list[GraphEntry] = []
        try:
            visit_network(path, cores, partial(_enter, path.stem, seen, found))
        except TlmError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
        yield from found


def _enter(network: str, seen: set[str], found: list[GraphEntry], site: Site) -> None:
    """Adds a site that is new and can be measured to the ops of a network."""
    if site.task is None or root_key(site.task.workload) in seen or not _measurable(site.task):
        return
    seen.add(root_key(site.task.workload))
    source = one_op_program(site.operation)
    if source is not None:
        found.append(GraphEntry(site.task, site.point, network, source))


def drawn(count: int, seed: int, cores: int) -> Iterator[GraphEntry]:
    """The ops of `count` random programs, the same for a seed."""
    for program in draw(count, seed):
        sites: list[GraphEntry] = []
        try:
            visit_program(program.text, cores, partial(_enter_drawn, program, sites))
        except TlmError as error:
            print(f"{program.name}: {error}", file=sys.stderr)
        yield from sites


def _enter_drawn(program: OneOp, found: list[GraphEntry], site: Site) -> None:
    """Adds a site whose options can be measured to the ops of a program."""
    if site.point in DRAWN and site.task is not None and _measurable(site.task):
        found.append(GraphEntry(site.task, site.point, program.name, program.text))


def _measurable(task: Task[CpuTarget]) -> bool:
    workload = task.workload
    if not workload.static or not task.schedulable or workload.flops > MAX_FLOPS:
        return False
    return math.prod(workload.op_extents(workload.root_op)) >= MIN_POINTS and task.readable


def schedules(task: Task[CpuTarget]) -> list[str]:
    """The schedules of an op that are measured, without the default; always the same ones."""
    some = every(task.grammar(), MOST)
    if some is None:
        rng = np.random.default_rng(int(task.workload.digest, 16))
        some = [task.encode(task.random(rng)) for _ in range(MOST)]
    texts = dict.fromkeys(" ".join(tokens) for tokens in some)
    return [text for text in texts if not task.parse(text).is_default]


def ways(entry: GraphEntry, text: str) -> list[Variant]:
    """What is measured for a schedule, of which the best counts."""
    alone: Variant = {entry.point: text}
    if IM2COL in text.split():
        return [alone, {**alone, Packing.name: f"{TILED} {END}"}]
    if LAST in text.split():
        return [alone, {**alone, Weights.name: SKETCHED, Lowering.name: SKETCHED}]
    return [alone]


def job(entry: GraphEntry) -> ProgramJob:
    """The measuring job for an op: every way of every schedule."""
    workload, target = entry.task.workload, entry.task.target
    lanes = target.vector_bytes // 4
    variants = [way for text in schedules(entry.task) for way in ways(entry, text)]
    return ProgramJob(
        source=entry.source,
        variants=tuple(variants),
        flags=BASE_FLAGS,
        threads=target.cores,
        reduction=reduction_length(workload),
        # Two fused multiply-adds a lane and cycle is the most that a core can do.
        min_seconds=workload.flops / (target.cores * lanes * 4 * CYCLES_PER_SECOND),
        tag=entry,
    )


def records(result: ProgramResult) -> list[Record]:
    """The records of a measured job, one for each schedule; none when it failed as a whole."""
    if result.error:
        return []
    entry = result.job.tag
    assert isinstance(entry, GraphEntry) and entry.task.default is not None
    measured = iter(result.variants)
    rows = [(entry.task.text(entry.task.default), result.default)]
    for text in schedules(entry.task):
        rows.append((text, _best([next(measured) for _ in ways(entry, text)])))
    return [
        Record(
            workload=entry.task.workload.to_json(),
            target=entry.task.target.to_json(),
            schedule=text,
            status=row.status,
            seconds=row.seconds if row.status == "ok" else None,
            default_seconds=result.default.seconds,
            runs=row.runs,
            round=0,
            versions=stamp(),
            statics=canonical({SOURCES: list(entry.task.sources)}),
        )
        for text, row in rows
    ]


def _best(ways: Sequence[Measured]) -> Measured:
    """The fastest right one, else the first."""
    right = [way for way in ways if way.status == "ok" and way.seconds]
    return min(right, key=lambda way: way.seconds or math.inf) if right else ways[0]


def collect(entries: Iterable[GraphEntry], database: Database, limit: int | None = None) -> int:
    """Measures the ops that the database lacks, `limit` at most; returns the records written."""
    written = done = 0

    def jobs() -> Iterator[ProgramJob]:
        count = 0
        for entry in entries:
            task = entry.task
            known = database.schedules(
                task.workload.to_json(), task.target.to_json(), installed_iree()
            )
            if known.issuperset(schedules(task)):
                continue
            yield job(entry)
            count += 1
            if count == limit:
                return

    def keep(result: ProgramResult) -> None:
        nonlocal written, done
        done += 1
        rows = records(result)
        database.add(rows)
        written += len(rows)
        entry = result.job.tag
        assert isinstance(entry, GraphEntry)
        times = " ".join(
            f"{row.schedule.split()[0]} {row.seconds * 1e3:.3f} ms" if row.seconds else row.status
            for row in rows
        )
        extents = "x".join(map(str, entry.task.workload.extents))
        print(f"{done} {entry.network} {extents}: {result.error or times}", flush=True)

    measure_programs(jobs(), on_result=keep, limits=Limits(compile_workers=1, compile_timeout=120))
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures graph ops of networks, or drawn ones, into DATABASE."""
    parser = argparse.ArgumentParser(prog="tlm-mlir collect-graph")
    parser.add_argument("networks", type=Path, nargs="?", metavar="NETWORKS_DIR")
    parser.add_argument("database", type=Path)
    text = "measure ops of so many random programs instead of those of networks"
    parser.add_argument("--drawn", type=int, default=0, metavar="N", help=text)
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    parser.add_argument("--limit", type=int, help="measure this many ops and stop")
    parser.add_argument("--cores", type=int, default=usable_cores())
    given = parser.parse_args(arguments)
    if bool(given.networks) == bool(given.drawn):
        parser.error("give either NETWORKS_DIR or --drawn N")
    if given.drawn:
        entries = drawn(given.drawn, given.seed, given.cores)
    else:
        entries = gather(given.networks, given.cores)
    with Database(given.database) as database:
        count = collect(entries, database, given.limit)
    print(f"{count} records written")
    return 0
