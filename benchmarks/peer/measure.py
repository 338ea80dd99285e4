# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One network by all sides: compiled, values compared with IREE's default, timed in turn."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from tlm_mlir.bench.agreement import TOLERANCE, difference
from tlm_mlir.bench.compiling import Compiled, compile_ours, compile_stock
from tlm_mlir.bench.runner import Runner, Worker
from tlm_mlir.bench.values import Value
from tlm_mlir.compiler.options import Options
from tlm_mlir.errors import MeasureError
from tlm_mlir.iree.flags import DATA_TILING, IM2COL

from .network import ABOUT, INPUTS
from .sides import READ_ONNX, SIDES

STOCK, BEST, OURS, PEAK = "stock default", "best stock flags", "tlm-mlir", "peak"
LARGE_VECTORS = "--iree-llvmcpu-fail-on-large-vector=false"
TILED = (DATA_TILING, LARGE_VECTORS)
UKERNELS = "--iree-llvmcpu-enable-ukernels=all"
INNER_TILED = "--iree-llvmcpu-enable-inner-tiled"
TILED_CONVOLUTIONS = "--iree-dispatch-creation-experimental-set-data-tiling-ops=convolution"
STOCK_FLAGS: tuple[tuple[str, ...], ...] = (
    TILED,
    (*TILED, IM2COL),
    (*TILED, UKERNELS),
    (*TILED, IM2COL, UKERNELS),
    (*TILED, TILED_CONVOLUTIONS),
    (*TILED, INNER_TILED),
    (*TILED, IM2COL, "--iree-opt-level=O3"),
)
"""Flags among which the best for a network are found: `--iree-opt-data-tiling` does not compile
attention for AVX2 without the second flag."""
TRIALS = 3
PAUSE = 0.03
"""Seconds between sides: threads that wait for more work of the last one must be asleep."""
SAMPLE_SECONDS, MOST_CALLS = 0.1, 50
"""Shorter calls are repeated for so long, up to so often."""


@dataclass(frozen=True)
class Measured:
    """One side on one network.

    `seconds` are the samples, `error` the largest relative difference from IREE's default.
    `problem` says why there are none.
    """

    version: str = ""
    flags: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()
    error: float | None = None
    problem: str = ""

    @property
    def median(self) -> float | None:
        """Seconds of a call."""
        return statistics.median(self.seconds) if self.seconds else None


@dataclass(frozen=True)
class Row:
    """One network: its operations, the peak in operations a second, and the sides by name.

    `trials` has the medians of all stock flags that were tried, in seconds, or why there is none.
    """

    network: str
    operations: int
    peak: float | None
    sides: Mapping[str, Measured]
    trials: Mapping[str, float | str] = field(default_factory=dict)


@dataclass
class _Running:
    """A side, and its process unless it has a problem."""

    worker: Worker | None
    measured: Measured
    calls: int = 1
    seconds: list[float] = field(default_factory=list)

    def time(self) -> None:
        """Adds a sample, behind a call that fills the caches."""
        if self.worker is None:
            return
        time.sleep(PAUSE)
        try:
            self.worker.time()
            self.seconds.append(self.worker.time(self.calls))
        except MeasureError as error:
            self.fail(str(error))

    def fail(self, problem: str) -> None:
        """Leaves the side out from now on."""
        self.measured = replace(self.measured, problem=problem)
        self.stop()

    def stop(self) -> None:
        """Ends the process."""
        if self.worker is not None:
            self.worker.close()
            self.worker = None


def prepare(network: str, folder: Path) -> tuple[int, str]:
    """Writes all forms of a network; its operations, and why there is no ONNX, or nothing.

    Raises MeasureError where the network cannot be built or exported to MLIR.
    """
    command = [sys.executable, "-m", "peer.network", network, str(folder)]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MeasureError(
            f"{network} cannot be built: {last}; install the extra `peers` (`make peers` does)"
        )
    about = json.loads((folder / ABOUT).read_text())
    return int(about["flops"]), str(about["no_onnx"])


def measure(
    network: str, folder: Path, threads: int, rounds: int, tell: Callable[[str], None]
) -> Row:
    """The row of a network. Raises MeasureError where stock IREE's default has no values."""
    tell("building and exporting")
    operations, no_onnx = prepare(network, folder)
    files = _Files(network, folder, threads)
    programs = list(files.compile(tell))
    with ExitStack() as stack:
        running: dict[str, _Running] = {}
        stock = files.start_iree(stack, programs[0])
        wanted = _values(stock)
        if stock.measured.problem:
            raise MeasureError(f"{network} by stock IREE: {stock.measured.problem}")
        running[STOCK] = stock
        tell("stock flags in turn")
        tried = _tried(stack, files, programs[1:-1], wanted)
        trials: dict[str, float | str] = {
            " ".join(each.measured.flags): each.measured.problem or statistics.median(each.seconds)
            for each in tried
        }
        best = _fastest(tried)
        if best:
            running[BEST] = best
        for each in tried:
            if each is not best:
                each.stop()
        running[OURS] = files.start_iree(stack, programs[-1])
        for name in SIDES:
            tell(f"starting {name}")
            missing = no_onnx if name in READ_ONNX else ""
            running[name] = files.start_peer(stack, name, missing)
        for name, side in running.items():
            if name not in (STOCK, BEST, PEAK):
                _compare(side, wanted)
        return _timed(network, operations, running, trials, rounds, tell)


@dataclass(frozen=True)
class _Files:
    """A network's folder, and what starts sides on it."""

    network: str
    folder: Path
    threads: int

    def compile(self, tell: Callable[[str], None]) -> Iterator[Compiled]:
        """By stock's default, by all stock flags, each program once, and last by tlm-mlir."""
        source = self.folder / f"{self.network}.mlir"
        options = Options(cores=self.threads)
        seen: set[bytes] = set()
        for number, flags in enumerate([(), *STOCK_FLAGS]):
            tell(f"compiling, stock {' '.join(flags) or 'default'}")
            out = self.folder / f"stock{number}.vmfb"
            found = compile_stock(STOCK, source, options.flags(), flags, out)
            content = b"" if found.reason else out.read_bytes()
            if not content or content not in seen:
                yield found
            seen.add(content)
        tell("compiling, tlm-mlir")
        yield compile_ours(source, options, self.folder / "ours.vmfb")

    def start_iree(self, stack: ExitStack, program: Compiled) -> _Running:
        """A program that IREE's runtime runs."""
        measured = Measured(flags=program.flags)
        if program.reason:
            return _failed(measured, f"does not compile: {program.reason}")
        parameters = [f"model={self.folder / self.network}.irpa"]
        values = self.folder / INPUTS
        try:
            worker = Runner(program.path, values, parameters, threads=self.threads)
        except MeasureError as error:
            return _failed(measured, str(error))
        return _Running(stack.enter_context(worker), measured)

    def start_peer(self, stack: ExitStack, name: str, missing: str) -> _Running:
        """Another runtime."""
        if missing:
            return _failed(Measured(), missing)
        command = [sys.executable, "-m", "peer.worker"]
        root = Path(__file__).resolve().parents[1]
        worker = stack.enter_context(Worker(command, cwd=root))
        side = _Running(worker, Measured())
        details = {"network": self.network, "folder": str(self.folder), "threads": self.threads}
        try:
            side.measured = Measured(version=worker.ask("load", side=name, **details))
        except MeasureError as error:
            side.fail(str(error))
        return side


def _failed(measured: Measured, problem: str) -> _Running:
    return _Running(None, replace(measured, problem=problem))


def _values(side: _Running) -> list[Value]:
    """The results of a call; of a side that has none, nothing, and the side says why."""
    if side.worker is None:
        return []
    try:
        return side.worker.run()
    except MeasureError as error:
        side.fail(str(error))
        return []


def _compare(side: _Running, wanted: Sequence[Value]) -> None:
    """Leaves a side out whose values are not those of IREE's default."""
    found = _values(side)
    if side.worker is None:
        return
    # Of several results a network's own is the first.
    error = difference(found[:1], wanted[:1])
    side.measured = replace(side.measured, error=error)
    if error > TOLERANCE:
        side.fail(f"values are off by {error:.2g} of the largest from IREE's default")


def _tried(
    stack: ExitStack, files: _Files, programs: Sequence[Compiled], wanted: Sequence[Value]
) -> list[_Running]:
    """All stock flags, compared and timed a few times in turn."""
    sides = [files.start_iree(stack, program) for program in programs]
    for side in sides:
        _compare(side, wanted)
    for _ in range(TRIALS):
        for side in sides:
            side.time()
    return sides


def _fastest(sides: Sequence[_Running]) -> _Running | None:
    good = [side for side in sides if not side.measured.problem]
    return min(good, key=lambda side: statistics.median(side.seconds), default=None)


def _timed(
    network: str,
    operations: int,
    running: Mapping[str, _Running],
    trials: Mapping[str, float | str],
    rounds: int,
    tell: Callable[[str], None],
) -> Row:
    """Samples of all sides in turn."""
    for side in running.values():
        side.seconds.clear()
        side.time()
        if side.seconds:
            side.calls = min(max(1, round(SAMPLE_SECONDS / side.seconds[0])), MOST_CALLS)
            side.seconds.clear()
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        for side in running.values():
            side.time()
    sides = {
        name: replace(
            side.measured, seconds=tuple(side.seconds if not side.measured.problem else ())
        )
        for name, side in running.items()
    }
    peak = sides.pop(PEAK)
    rate = None
    if peak.median:
        (done,) = _values(running[PEAK])
        rate = float(done.array()) / peak.median
    return Row(network, operations, rate, sides, trials)
