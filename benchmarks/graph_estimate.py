# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How far off is the estimate of graph-level choices?

    python benchmarks/graph_estimate.py --count 60 --out benchmarks/results/zen4/graph_estimate.json

Draws programs of one op (`tlm_mlir.training.corpus.drawn_programs`), compiles each as stock IREE
does and with each choice forced, and times them in turn in CPU seconds of one thread, which other
users of the machine disturb least. Prints what a choice gains as measured and as estimated, how far
these are apart, and which choices would be taken wrongly. The constants in
`targets/cpu/matmul_clocks.py` and `decisions/estimate_layout.py` were fitted to such figures;
`--cpu` gives another kind of code.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tlm_mlir.bench.inputs import arguments, resolve
from tlm_mlir.bench.one_op import write
from tlm_mlir.bench.program import Program
from tlm_mlir.bench.signature import source_inputs
from tlm_mlir.compiler.options import Options
from tlm_mlir.decisions.graph import MARGIN
from tlm_mlir.decisions.im2col_script import IM2COL
from tlm_mlir.decisions.packing import TILED
from tlm_mlir.decisions.point import DecisionPoint, Site
from tlm_mlir.decisions.points import EARLY
from tlm_mlir.decisions.walk import flags, walk
from tlm_mlir.files import write_text
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.training.corpus.drawn_programs import draw

WAYS = ((), (TILED,), (IM2COL,), (IM2COL, TILED))
"""What is forced: nothing, packing, im2col, and packing what im2col makes."""
SLOWER, FASTER = 0.93, 1.15
"""Gains of a choice that it is a mistake to take, and to leave."""


@dataclass(frozen=True)
class Row:
    """A choice about the op of a program: what it gains over leaving the op, measured and
    estimated."""

    name: str
    choice: str
    left_us: float
    measured: float
    estimated: float

    @property
    def taken(self) -> bool:
        """Whether the estimate takes the choice."""
        return math.log(self.estimated) > MARGIN if self.estimated else False


def force(source: Path, options: Options, choices: Sequence[str], out: Path) -> dict[str, float]:
    """Compiles a program with choices forced wherever an op allows them.

    Returns the estimated gain of each choice about the program's first op that has it.
    """
    session = Session([*options.flags(), *flags(EARLY)])
    module = session.parse(source)
    gains: dict[str, float] = {}

    def decide(point: DecisionPoint, _: object, sites: list[Site]) -> list[Schedule | None]:
        found: list[Schedule | None] = []
        for site in sites:
            every = site.task.one_token if site.task else []
            left = next((each for each in every if each.is_default), None)
            for each in every:
                seconds = site.task.estimate(each) if site.task else math.inf
                if left and site.task and not each.is_default:
                    gain = site.task.estimate(left) / seconds if seconds else 0.0
                    gains.setdefault(each.choice("graph"), gain)
            found.append(next((e for e in every if e.choice("graph") in choices), left))
        return found

    at = walk(session, module, None, EARLY, decide, 1)
    session.finish(module, at, out)
    return gains


def measure(
    source: Path, parameters: Sequence[str], options: Options, seconds: float
) -> Iterator[Row]:
    """The choices about a program's op."""
    with tempfile.TemporaryDirectory(prefix="tlm-estimate-") as name:
        gains: dict[str, float] = {}
        paths: dict[tuple[str, ...], Path] = {}
        for number, choices in enumerate(WAYS):
            if choices and choices[0] not in gains:
                continue
            path = Path(name) / f"{number}.vmfb"
            found = force(source, options, choices, path)
            gains = gains or found
            paths[choices] = path
        inputs, _ = resolve(source_inputs(source, "", options.flags()))
        values = arguments(inputs)
        programs = {
            way: Program(path, parameters, device="local-sync") for way, path in paths.items()
        }
        times = _times(programs, values, seconds)
    for choice, estimated in gains.items():
        ways = [way for way in times if way and way[0] == choice]
        if ways:
            best = min(times[way] for way in ways)
            yield Row(source.stem, choice, times[()] * 1e6, times[()] / best, estimated)


def _times(programs, values, seconds):  # type: ignore[no-untyped-def]
    """The fastest call of each program in CPU seconds of this thread, each in turn."""
    uploaded = {way: program.upload(values) for way, program in programs.items()}
    best = dict.fromkeys(programs, math.inf)
    end = time.thread_time() + seconds * len(programs)
    rounds = 0
    while rounds < 5 or time.thread_time() < end:
        rounds += 1
        for way, program in programs.items():
            start = time.thread_time()
            program.time(uploaded[way])
            best[way] = min(best[way], time.thread_time() - start)
    return best


def report(rows: Sequence[Row], out: Path | None) -> None:
    table = Table(title="gain of graph-level choices")
    for column in ("program", "choice", "left us", "measured", "estimated", ""):
        table.add_column(column)
    wrong = [row for row in rows if row.taken and row.measured < SLOWER]
    missed = [row for row in rows if not row.taken and row.measured > FASTER]
    for row in sorted(rows, key=lambda row: row.measured):
        says = "wrongly taken" if row in wrong else "missed" if row in missed else ""
        figures = (f"{row.left_us:.0f}", f"{row.measured:.2f}x", f"{row.estimated:.2f}x")
        table.add_row(row.name, row.choice.removeprefix("graph:"), *figures, says)
    console = Console()
    console.print(table)
    logs = [math.log(row.estimated / row.measured) for row in rows if row.estimated]
    spread = statistics.pstdev(logs) if logs else math.nan
    console.print(
        f"{len(rows)} choices, {len(wrong)} wrongly taken, {len(missed)} missed; log of estimated"
        f" over measured gain: mean {statistics.fmean(logs) if logs else math.nan:+.2f},"
        f" deviation {spread:.2f}"
    )
    if out:
        write_text(out, json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.1, help="CPU time of each program")
    parser.add_argument("--cpu", default="host")
    parser.add_argument("--out", type=Path, help="JSON of all figures")
    arguments_ = parser.parse_args()
    options = Options(cpu=arguments_.cpu)
    rows = []
    with tempfile.TemporaryDirectory(prefix="tlm-estimate-") as name:
        for program in draw(arguments_.count, arguments_.seed):
            path, parameters = write(program, Path(name))
            rows += list(measure(path, parameters, options, arguments_.seconds))
    report(rows, arguments_.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
