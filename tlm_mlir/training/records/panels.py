# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Examples of products with packed weights, which nobody measured, for the generator to learn from.

    tlm-mlir panels OUT.jsonl.xz --corpus model/corpus/training.jsonl.xz \
        --held-out model/corpus/held_out.jsonl.xz \
        --records model/records/dispatch*.jsonl.xz --judge CHECKPOINT

Their space is small and their estimate fast, so no search is needed: of the schedules with the
least estimates the one is kept that a judge likes best. Where the checkpoint has a cost model for
vectors as wide, the judge is the mean of that and of the estimate, elsewhere the estimate alone.

There are as many workloads as wanted: those of the corpus, and the same computations at other
sizes. None is as large as one of a held-out network, and none validates.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from ...errors import InputError
from ...ir.analysis import panels
from ...ir.workload import Workload
from ...language.schedule import Schedule
from ...measure.lines import write_lines
from ...model.checkpoint import load
from ...policy.compare import MEASUREMENTS, Comparer
from ...policy.cost_model import CostModel
from ...targets import registry
from ...targets.cpu.backend import PANELS as FAMILY
from ...targets.cpu.panel import PANEL
from ...targets.cpu.panel_estimate import BLOCKS, FEWEST_PANELS
from ...targets.target import CpuTarget, Target
from ...targets.task import Task
from ..corpus.entries import read as read_corpus
from ..corpus.split import share
from .rows import OK, targets
from .unmeasured import any_cpu

WITHIN = 1.12
"""Estimates of at most so many times the least are looked at."""
POOL = 32
"""Most schedules of a task that a judge compares."""
MOST_PRODUCTS = 8e9
CORES = (1, 1, 2, 2, 4, 8, 16, 32)
"""Cores that the machines of the records are given."""


@dataclass(frozen=True)
class Settings:
    """How many examples: `others` machines for each workload besides the known ones, `resized` at
    other sizes. Of these none is of the share of workloads that validates."""

    others: int
    resized: int
    validation: float
    seed: int


def judged(task: Task[CpuTarget], judge: Comparer | None) -> tuple[Schedule, float]:
    """The schedule that is liked best, and the log of its latency over that of IREE's default."""
    assert task.default is not None
    least = math.log(task.estimate(task.default))
    if judge is None or judge.compared_by(task) != MEASUREMENTS:
        (sketch,) = task.sketches()
        return sketch, math.log(task.estimate(sketch)) - least
    some = PANEL.leading(task, POOL, WITHIN)
    by_estimate = np.log([task.estimate(schedule) for schedule in some]) - least
    (by_model,) = judge.predict([task], [task.default], [some])
    means = (by_model + by_estimate) / 2
    first = int(means.argmin())
    return some[first], float(means[first])


class Sizes:
    """Sizes that workloads of a corpus have, to give others: of rows, columns and channels."""

    def __init__(self, workloads: Sequence[Workload]) -> None:
        self._rows, self._columns, self._channels = [], [], []
        for workload in workloads:
            found, extents = panels(workload), workload.extents
            assert found is not None
            self._rows += [extents[dim] for dim in found.rows]
            self._columns.append(extents[found.panel] * extents[found.column])
            self._channels.append(extents[found.summed[-1]])

    def resized(self, workload: Workload, rng: np.random.Generator) -> Workload:
        """The same computation at other sizes; a window keeps its own."""
        found = panels(workload)
        assert found is not None
        extents = list(workload.extents)
        for dim in found.rows:
            if extents[dim] > 1:
                extents[dim] = self._drawn(self._rows, 2, 1024, 1, rng)
        if len(found.rows) > 1 and found.summed[1:] and rng.random() < 0.8:
            # Images are mostly square.
            extents[found.rows[-2]] = extents[found.rows[-1]]
        block = int(rng.choice(BLOCKS))
        columns = self._drawn(self._columns, FEWEST_PANELS * block, 4096, block, rng)
        extents[found.panel] = max(FEWEST_PANELS, columns // block)
        extents[found.column] = block
        unit = int(rng.choice((1, 2, 4, 8, 16)))
        extents[found.summed[-1]] = self._drawn(self._channels, unit, 4096, unit, rng)
        return replace(workload, extents=tuple(extents))

    @staticmethod
    def _drawn(
        known: Sequence[int], low: int, high: int, unit: int, rng: np.random.Generator
    ) -> int:
        """One of the known sizes as often as any, log-uniform, of whole units."""
        if rng.random() < 0.5:
            return int(rng.choice(known))
        some = math.exp(rng.uniform(math.log(low), math.log(high)))
        return max(unit, round(some / unit) * unit)


def sizes_of(workload: Workload) -> tuple[int, int]:
    """What two products of the same size have in common, however they are laid out: how many
    multiplications there are, and how many are summed."""
    root = workload.root_op
    summed = math.prod(workload.extents[dim] for dim in root.dims("reduction"))
    return math.prod(workload.op_extents(root)), summed


def any_target(known: Sequence[CpuTarget], rng: np.random.Generator) -> CpuTarget:
    """A machine of the records, with any number of cores, or a plausible CPU."""
    if rng.random() < 0.6:
        return replace(known[int(rng.integers(len(known)))], cores=int(rng.choice(CORES)))
    return any_cpu(rng)


def rows(
    workloads: Sequence[Workload],
    forbidden: set[tuple[int, int]],
    known: Sequence[CpuTarget],
    judge: Comparer | None,
    settings: Settings,
) -> Iterator[dict[str, Any]]:
    """The examples: of every workload on the known machines and some others, then of workloads at
    other sizes, until there are as many as the settings want."""
    rng = np.random.default_rng(settings.seed)
    sizes = Sizes(workloads)
    for workload in workloads:
        others = (any_target(known, rng) for _ in range(settings.others))
        for target in (*known, *others):
            yield from _rows(workload, target, judge)
    written = 0
    while written < settings.resized:
        drawn = workloads[int(rng.integers(len(workloads)))]
        workload = sizes.resized(drawn, rng)
        products, _ = sizes_of(workload)
        if products > MOST_PRODUCTS or sizes_of(workload) in forbidden:
            continue
        if share(workload.to_json()) < settings.validation:
            continue
        for row in _rows(workload, any_target(known, rng), judge):
            written += 1
            yield row


def _rows(
    workload: Workload, target: CpuTarget, judge: Comparer | None
) -> Iterator[dict[str, Any]]:
    task = registry.task(workload, target)
    if not task.schedulable or not task.readable:
        return
    schedule, log = judged(task, judge)
    yield {
        "workload": json.loads(workload.to_json()),
        "target": json.loads(target.to_json()),
        "schedule": task.text(schedule),
        "status": OK,
        "seconds": round(math.exp(log), 6),
        "default_seconds": 1.0,
        "predicted": True,
    }


def _judge(directory: Path | None) -> Comparer | None:
    if directory is None:
        return None
    found = load(directory)
    models = {name: CostModel.load(found.cost_model(name)) for name in found.cost_models()}
    if not any(name.endswith(FAMILY) for name in models):
        print(f"{directory} has no cost model of packed weights: the estimate judges alone")
    return Comparer(models, str(directory))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write examples of products with packed weights, of a corpus and at other sizes."""
    parser = argparse.ArgumentParser(prog="tlm-mlir panels", description=main.__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--corpus", type=Path, required=True, metavar="F.jsonl.xz")
    text = "dispatches whose sizes no example may have"
    parser.add_argument("--held-out", type=Path, required=True, metavar="F.jsonl.xz", help=text)
    text = "of the CPUs to write for"
    parser.add_argument("--records", type=Path, nargs="+", required=True, metavar="F", help=text)
    text = "a checkpoint whose cost model judges, with the estimate"
    parser.add_argument("--judge", type=Path, metavar="CHECKPOINT", help=text)
    parser.add_argument("--workloads", type=int, metavar="N", help="only the corpus's first N")
    parser.add_argument("--others", type=int, default=3, help="other CPUs for each workload")
    parser.add_argument("--resized", type=int, default=30_000, help="examples at other sizes")
    parser.add_argument("--validation", type=float, default=0.08, help="share of workloads")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    entries = [entry for entry in read_corpus(options.corpus) if entry.kind == "panels"]
    kept = [entry.workload for entry in entries if share(entry.workload) >= options.validation]
    kept = kept[: options.workloads]
    if not kept:
        raise InputError(f"{options.corpus} has no packed weights; give a corpus that has")
    held_out = (Workload.from_json(entry.workload) for entry in read_corpus(options.held_out))
    known = [Target.from_json(text) for text in targets(options.records)]
    settings = Settings(options.others, options.resized, options.validation, options.seed)
    found = rows(
        [Workload.from_json(text) for text in kept],
        {sizes_of(workload) for workload in held_out},
        [target for target in known if isinstance(target, CpuTarget)],
        _judge(options.judge),
        settings,
    )
    count = len(kept) * (len(known) + settings.others) + settings.resized
    shown = track(found, "judging", count, console=Console(stderr=True))
    print(f"{write_lines(options.out, shown, preset=1)} examples in {options.out}")
    return 0
