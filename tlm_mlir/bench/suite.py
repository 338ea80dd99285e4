# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Many programs against stock IREE's default: is one slower, or does one fail?

A program whose compiled bytes are those of stock's is not slower, and is not run. Others are timed
in turn with stock's, each in a process of its own: a sample of both, and the ratio of the two, so
that a disturbance of the machine hits both. Which process is the faster one is chance, too, with
short programs. So what falls behind is timed again, longer, in new processes, several times.
"""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..compiler.options import Options
from ..decisions.dispatch import Lowering
from ..errors import TlmError
from .bench import OURS, STOCK
from .checking import References, check
from .compiling import Compiled, compile_ours, compile_stock
from .inputs import arguments, resolve
from .running import Case, call_all, keeps_state, time_all
from .signature import source_inputs
from .values import save_values
from .verdict import RIGHT, limit

BEHIND = 0.95
"""A program below this ratio is slower than stock."""
ROUNDS, SECONDS, SAMPLE_SECONDS = 7, 3.0, 10e-3
"""Samples of each program at least, for how long more are taken, and how long each is."""
LONGER = 2
"""How many times as long is timed what fell behind."""
MEASURED, SAME, FAILS = "measured", "same code", "fails"
STOCK_FAILS = "stock fails"
"""IREE itself does not compile the program, or not to right values: nothing can be compared."""
NO_PROGRAM = "no program"
"""Nothing could be asked: there is no file, or none that can be called."""

Files = tuple[Path, tuple[str, ...]]
"""A program's path, and its parameter files as `--parameters` takes them."""


@dataclass(frozen=True)
class Program:
    """A program of a suite. `make` writes its files to a folder, or finds them elsewhere.

    The part of its name before the first slash is the set that it belongs to.
    """

    name: str
    make: Callable[[Path], Files]

    @property
    def set(self) -> str:
        """The set that the program belongs to."""
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Outcome:
    """One program: its status, medians in milliseconds, and stock's time over ours.

    `ratios` has the ratio of each time that the program was measured. The first alone counts where
    it is not behind, else the median of the others. `graph` tells what was chosen for the ops of
    the program. `reason` says what fails.
    """

    name: str
    status: str
    ratio: float | None = None
    stock_ms: float | None = None
    ours_ms: float | None = None
    ratios: tuple[float, ...] = ()
    graph: tuple[str, ...] = ()
    reason: str = ""

    @property
    def set(self) -> str:
        """The set that the program belongs to."""
        return self.name.partition("/")[0]

    @property
    def behind(self) -> bool:
        """Whether the program is slower than stock's."""
        return self.ratio is not None and self.ratio < BEHIND


def outcome_of(row: Mapping[str, Any]) -> Outcome:
    """An outcome from what JSON makes of its fields."""
    return Outcome(**{**row, "ratios": tuple(row["ratios"]), "graph": tuple(row["graph"])})


def programs_in(paths: Sequence[Path], name: str) -> list[Program]:
    """The .mlir files among some paths and in the folders among them, as a set of a name."""
    found = []
    for path in paths:
        for file in sorted(path.rglob("*.mlir")) if path.is_dir() else [path]:
            inside = file.relative_to(path).with_suffix("") if path.is_dir() else Path(file.stem)
            found.append(Program(f"{name}/{inside}", partial(_there, file)))
    return found


def _there(file: Path, folder: Path) -> Files:
    """The files of a program that has no parameters, and lies elsewhere already."""
    return file, ()


def run_suite(
    programs: Sequence[Program], options: Options, seconds: float = SECONDS, again: int = 3
) -> Iterator[Outcome]:
    """The outcome of each program, in order. What falls behind is timed `again` more times."""
    for program in programs:
        with tempfile.TemporaryDirectory(prefix="tlm-suite-") as folder:
            try:
                yield _outcome(program, options, Path(folder), seconds, again)
            except TlmError as error:
                yield Outcome(program.name, NO_PROGRAM, reason=str(error))


def _outcome(
    program: Program, options: Options, folder: Path, seconds: float, again: int
) -> Outcome:
    source, parameters = program.make(folder)
    stock = compile_stock(STOCK, source, options.flags(), (), folder / "stock.vmfb")
    if stock.reason:
        return Outcome(program.name, STOCK_FAILS, reason=stock.reason)
    ours = compile_ours(source, options, folder / "ours.vmfb")
    found = Outcome(program.name, SAME, ratio=1.0, graph=_graph(ours))
    if ours.reason:
        return replace(found, status=FAILS, ratio=None, reason=ours.reason)
    if stock.path.read_bytes() == ours.path.read_bytes():
        return found
    values = arguments(resolve(source_inputs(source, "", options.flags()))[0])
    case = Case("", parameters, folder / "arguments.npz", ROUNDS, options.core_count())
    case = replace(case, seconds=seconds, sample_seconds=SAMPLE_SECONDS)
    save_values(case.values, values)
    paths = {STOCK: stock.path, OURS: ours.path}
    results, failed = call_all(paths, case)
    bound = limit(values, next(iter(results.values()), ()))
    verdicts, _ = check(results, bound, References(source, options, case, folder))
    for name, status in ((STOCK, STOCK_FAILS), (OURS, FAILS)):
        reason = failed.get(name, "")
        if not reason and verdicts[name].status != RIGHT:
            reason = f"{verdicts[name].status}, off by {verdicts[name].error:.2g}"
        if reason:
            return replace(found, status=status, ratio=None, reason=reason)
    runs = {name: (path, keeps_state(results[name])) for name, path in paths.items()}
    return _timed(found, runs, case, again)


def _timed(
    found: Outcome, runs: Mapping[str, tuple[Path, bool]], case: Case, again: int
) -> Outcome:
    """The ratio of the first timing, or the middle one of those that repeat it."""
    tries: list[tuple[float, float, float]] = []
    longer = replace(case, seconds=LONGER * case.seconds, rounds=LONGER * case.rounds)
    for number in range(1 + again):
        seconds, failed = time_all(runs, longer if number else case)
        if failed:
            name, reason = next(iter(failed.items()))
            status = STOCK_FAILS if name == STOCK else FAILS
            return replace(found, status=status, ratio=None, reason=reason)
        pairs = zip(seconds[STOCK], seconds[OURS], strict=True)
        ratio = statistics.median(theirs / ours for theirs, ours in pairs)
        stock_ms, ours_ms = (1e3 * statistics.median(seconds[name]) for name in (STOCK, OURS))
        tries.append((ratio, stock_ms, ours_ms))
        if tries[0][0] >= BEHIND:
            break
    repeated = sorted(tries[1:] or tries)
    ratio, stock_ms, ours_ms = repeated[(len(repeated) - 1) // 2]
    ratios = tuple(each[0] for each in tries)
    return replace(
        found, status=MEASURED, ratio=ratio, stock_ms=stock_ms, ours_ms=ours_ms, ratios=ratios
    )


def _graph(ours: Compiled) -> tuple[str, ...]:
    """What was chosen for the ops of a program before there are dispatches."""
    rows = ours.report.get("decisions", ())
    return tuple(_says(row) for row in rows if row["point"] != Lowering.name)


def _says(row: Mapping[str, Any]) -> str:
    """What a report says of a graph-level decision, in a line."""
    name = row["name"].removeprefix("linalg.")
    choice = row["schedule"].split(" ")[0].removeprefix("graph:") or row["outcome"]
    lead = row["predicted"]
    return f"{name}: {choice}" + (f" ({math.exp(-lead):.2f}x)" if lead is not None else "")
