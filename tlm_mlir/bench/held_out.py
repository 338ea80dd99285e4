# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir eval`: the model's schedules on dispatches of networks it never saw."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..errors import RecordError
from ..ir.workload import Workload
from ..measure.database import read_records
from ..measure.runner import JobResult, Limits, measure_batches
from ..policy.scheduler import Scheduler
from ..targets import registry
from ..targets.iree_default import IreeDefault
from ..targets.target import CpuTarget
from ..training.corpus.entries import Entry
from ..training.corpus.settings import BASE_FLAGS
from ..training.records.collect import job

NOISE = 0.95
"""Below this speed-up a dispatch counts as slower than IREE's default."""


@dataclass(frozen=True)
class Row:
    """One dispatch: seconds of IREE's default and of ours, the best random schedule's speed-up."""

    network: str
    kind: str
    workload: str
    schedule: str
    status: str
    default_seconds: float
    seconds: float
    best_random: float

    @property
    def speedup(self) -> float:
        """Default over ours; 1 where ours is the default itself."""
        return self.default_seconds / self.seconds


def evaluate(
    entries: Sequence[Entry],
    target: CpuTarget,
    scheduler: Scheduler,
    reference: dict[str, float],
    samples: int | None = None,
) -> list[Row]:
    """Measures one schedule per entry against IREE's default, interleaved in one batch each.

    Contractions multiply rows by columns in ours, as `tlm-mlir compile` has it, also where that is
    all that changes.
    """
    read = [Workload.from_json(entry.workload) for entry in entries]
    workloads = [workload.swapped() for workload in read]
    choice = IreeDefault(BASE_FLAGS)
    own = [choice(e.source, w, target) for e, w in zip(entries, workloads, strict=True)]
    tasks = [registry.task(workload, target) for workload in workloads]
    chosen = [answer.schedule for answer in scheduler.ask(tasks, own, samples)]
    rows: dict[int, Row] = {}
    jobs = []
    for place, (entry, before, task, schedule) in enumerate(
        zip(entries, read, tasks, chosen, strict=True)
    ):
        workload, text = task.workload, task.text(schedule)
        best = reference.get(workload.digest, math.nan)
        base = Row(entry.network, entry.kind, workload.digest, text, "default", 1.0, 1.0, best)
        if schedule.is_default and before == workload:
            rows[place] = base
        else:
            jobs.append((place, base, job(entry, workload, target, [text])))
    waiting = iter(jobs)

    def keep(result: JobResult) -> None:
        place, base, _ = next(waiting)
        measured = result.candidates[0] if result.candidates else None
        seconds, status = result.default.seconds or 1.0, "not measured"
        own = seconds
        if measured:
            status = measured.status
            own = measured.seconds if status == "ok" and measured.seconds else seconds
        fields = {**asdict(base), "status": status, "default_seconds": seconds, "seconds": own}
        rows[place] = Row(**fields)

    measure_batches([item[2] for item in jobs], on_result=keep, limits=Limits(compile_timeout=90.0))
    return [rows[place] for place in range(len(entries))]


def reference_speedups(path: Path) -> dict[str, float]:
    """Workload digest -> best speed-up over the default among recorded random schedules."""
    best: dict[str, float] = {}
    for record in read_records(path):
        if record.status == "ok" and record.seconds and record.default_seconds:
            digest = Workload.from_json(record.workload).digest
            speedup = record.default_seconds / record.seconds
            best[digest] = max(best.get(digest, 1.0), speedup)
    return best


def geometric_mean(values: Sequence[float]) -> float:
    """Geometric mean. Raises RecordError of nothing."""
    if not values:
        raise RecordError("nothing was measured; give dispatches to evaluate")
    return math.exp(sum(map(math.log, values)) / len(values))


def summary(rows: Sequence[Row]) -> dict[str, float]:
    """Figures over all rows."""
    shares = [row.speedup / row.best_random for row in rows if not math.isnan(row.best_random)]
    return {
        "dispatches": len(rows),
        "geomean_speedup": geometric_mean([row.speedup for row in rows]),
        "slower_than_default": sum(row.speedup < NOISE for row in rows),
        "worst_speedup": min(row.speedup for row in rows),
        "left_at_default": sum(row.status == "default" for row in rows),
        "failed": sum(row.status not in ("ok", "default") for row in rows),
        "share_of_best_random": geometric_mean(shares) if shares else math.nan,
    }


def print_rows(rows: Sequence[Row], console: Console) -> None:
    """The table per network and class, then the summary."""
    table = Table(title="schedules of one greedy generation, nothing measured before")
    for name in ("network", "class", "dispatches", "geomean", "worst", "of best random"):
        table.add_column(name, justify="left" if name in ("network", "class") else "right")
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.network, row.kind), []).append(row)
    for (network, kind), members in sorted(groups.items()):
        figures = summary(members)
        table.add_row(
            network,
            kind,
            str(len(members)),
            f"{figures['geomean_speedup']:.2f}x",
            f"{figures['worst_speedup']:.2f}x",
            f"{figures['share_of_best_random']:.2f}",
        )
    console.print(table)
    for name, value in summary(rows).items():
        console.print(f"{name.replace('_', ' ')}: {value:.3g}")


def to_json(rows: Sequence[Row]) -> str:
    """Rows and summary as JSON."""
    data = [{**asdict(row), "speedup": row.speedup} for row in rows]
    return json.dumps({"summary": summary(rows), "rows": data}, indent=1)
