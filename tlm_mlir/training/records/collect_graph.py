# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Collecting for graph decisions: measures every option of an op, in a program of that op alone.

    tlm-mlir collect-graph NETWORKS_DIR DATABASE [--limit N]

Ops come from the training networks; what also occurs in a held-out network stays out. A record's
workload is the op's own and its schedule begins with `graph:`. The time of im2col is the better of
im2col alone and with its contraction tiled, since that is decided next. Interrupting is safe at any
time.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...compiler.graph import LAYOUTS, TILING, apply_layouts
from ...errors import InputError, TlmError
from ...ir.graph import GraphOp, find_contractions, find_convolutions
from ...ir.workload import Workload
from ...iree.executable_target import device_target
from ...iree.release import installed_iree
from ...iree.session import Session
from ...language.prompt import readable
from ...language.schedule import LEAVE
from ...language.vocabulary import END
from ...measure.database import Database, Record
from ...measure.program import Limits, ProgramJob, ProgramResult, Variant, measure_programs
from ...measure.worker import Measured
from ...targets.llvm_cpu_graph import IM2COL, LAST, TILED, options
from ...targets.target import CpuTarget, cpu_target
from ..corpus.entries import BASE_FLAGS, MIN_POINTS, root_key
from ..corpus.networks import HELD_OUT, HELD_OUT_HALF, TRAINING
from ..corpus.one_op_programs import one_op_program
from .collect import CYCLES_PER_SECOND, reduction_length, stamp

MAX_FLOPS = 4e9
VARIANTS = {
    TILED: (Variant(tiling=TILED),),
    LAST: (Variant(LAST),),
    IM2COL: (Variant(IM2COL), Variant(IM2COL, TILED)),
}
"""What is measured for an option, of which the best counts."""


@dataclass(frozen=True)
class GraphEntry:
    """An op of a network: its workload, the network's name, and a program of the op alone."""

    workload: Workload
    network: str
    source: str


def read_network(path: Path) -> Iterator[tuple[GraphOp, str]]:
    """(op, device target) of all convolutions of a network, then of its contractions as they are
    and where convolutions have become matmuls.

    An op is valid until the next one is asked for.
    """
    for layout in (LEAVE, IM2COL):
        session = Session(BASE_FLAGS)
        module = session.run(session.parse(path), None, LAYOUTS)
        device = device_target(module)
        convolutions = find_convolutions(module)
        if layout == LEAVE:
            yield from ((op, device) for op in convolutions)
        elif not convolutions:
            return
        else:
            choices = [layout if layout in options(op.workload) else LEAVE for op in convolutions]
            apply_layouts(module, choices)
        module = session.run(module, LAYOUTS, TILING)
        yield from ((op, device) for op in find_contractions(module))


def held_out_keys(folder: Path) -> set[str]:
    """Root keys of every graph op of the held-out networks."""
    paths = [folder / f"{name}.mlir" for name in HELD_OUT | HELD_OUT_HALF]
    return {root_key(op.workload) for path in paths for op, _ in read_network(path)}


def gather(folder: Path, cores: int) -> Iterator[tuple[GraphEntry, CpuTarget]]:
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
        try:
            for op, device in read_network(path):
                key = root_key(op.workload)
                target = cpu_target(device, cores)
                if key in seen or not _measurable(op.workload, target):
                    continue
                seen.add(key)
                source = one_op_program(op.operation)
                if source is not None:
                    yield GraphEntry(op.workload, path.stem, source), target
        except TlmError as error:
            print(f"{path.name}: {error}", file=sys.stderr)


def _measured(database: Database, entry: GraphEntry, target: CpuTarget) -> set[str]:
    return database.schedules(entry.workload.to_json(), target.to_json(), installed_iree())


def _measurable(workload: Workload, target: CpuTarget) -> bool:
    if not workload.static or len(options(workload)) < 2 or workload.flops > MAX_FLOPS:
        return False
    if math.prod(workload.op_extents(workload.root_op)) < MIN_POINTS:
        return False
    return readable(workload, target, "graph")


def job(entry: GraphEntry, target: CpuTarget) -> ProgramJob:
    """The measuring job for an op: every way of every option."""
    workload = entry.workload
    lanes = target.vector_bytes // 4
    return ProgramJob(
        source=entry.source,
        variants=tuple(variant for option in options(workload)[1:] for variant in VARIANTS[option]),
        flags=BASE_FLAGS,
        threads=target.cores,
        reduction=reduction_length(workload),
        # Two fused multiply-adds a lane and cycle is the most that a core can do.
        min_seconds=workload.flops / (target.cores * lanes * 4 * CYCLES_PER_SECOND),
        tag=(entry, target),
    )


def records(result: ProgramResult) -> list[Record]:
    """The records of a measured job, one for each option; none when it failed as a whole."""
    if result.error:
        return []
    assert isinstance(result.job.tag, tuple)
    entry, target = result.job.tag
    measured = iter(result.variants)
    rows = [(LEAVE, result.default)]
    for option in options(entry.workload)[1:]:
        rows.append((option, _best([next(measured) for _ in VARIANTS[option]])))
    return [
        Record(
            workload=entry.workload.to_json(),
            target=target.to_json(),
            schedule=f"{option} {END}",
            status=row.status,
            seconds=row.seconds if row.status == "ok" else None,
            default_seconds=result.default.seconds,
            runs=row.runs,
            round=0,
            versions=stamp(),
        )
        for option, row in rows
    ]


def _best(ways: Sequence[Measured]) -> Measured:
    """The fastest right one, else the first."""
    right = [way for way in ways if way.status == "ok" and way.seconds]
    return min(right, key=lambda way: way.seconds or math.inf) if right else ways[0]


def collect(folder: Path, database: Database, cores: int, limit: int | None = None) -> int:
    """Measures the ops that the database lacks, `limit` at most; returns the records written."""
    written = done = 0

    def jobs() -> Iterator[ProgramJob]:
        count = 0
        for entry, target in gather(folder, cores):
            wanted = {f"{option} {END}" for option in options(entry.workload)}
            if wanted <= _measured(database, entry, target):
                continue
            yield job(entry, target)
            count += 1
            if count == limit:
                return

    def keep(result: ProgramResult) -> None:
        nonlocal written, done
        done += 1
        rows = records(result)
        database.add(rows)
        written += len(rows)
        assert isinstance(result.job.tag, tuple)
        entry: GraphEntry = result.job.tag[0]
        times = " ".join(
            f"{row.schedule.split()[0]} {row.seconds * 1e3:.3f} ms" if row.seconds else row.status
            for row in rows
        )
        extents = "x".join(map(str, entry.workload.extents))
        print(f"{done} {entry.network} {extents}: {result.error or times}", flush=True)

    measure_programs(jobs(), on_result=keep, limits=Limits(compile_workers=1, compile_timeout=120))
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures the graph ops of NETWORKS_DIR into DATABASE."""
    parser = argparse.ArgumentParser(prog="tlm-mlir collect-graph")
    parser.add_argument("networks", type=Path)
    parser.add_argument("database", type=Path)
    parser.add_argument("--limit", type=int, help="measure this many ops and stop")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args(arguments)
    with Database(given.database) as database:
        count = collect(given.networks, database, given.cores, given.limit)
    print(f"{count} records written")
    return 0
