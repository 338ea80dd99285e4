# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What runs inside the measuring processes: compile one batch, or time and check one batch.

A worker may die or hang in IREE or in a candidate's code. Before each candidate it writes the
candidate's number to its mark, a small file, so that its parent knows whom to blame.
"""

import ctypes
import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tlm_mlir.errors import MeasureError
from tlm_mlir.measure import builder, oracle, timer
from tlm_mlir.measure.builder import BuiltBatch, BuiltExport
from tlm_mlir.measure.oracle import Rule
from tlm_mlir.measure.timer import Timing

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


@dataclass(frozen=True)
class Measured:
    """What was found out about one candidate.

    `status` is ok, compile_failed, wrong_values, timeout, crashed or refused; `seconds` is the
    median described in `timer` (None where nothing was timed); `message` says why not ok;
    `disturbed` says that other programs used the cores all the while: `seconds` is an upper bound.
    """

    status: str
    seconds: float | None = None
    runs: int = 0
    workgroups: tuple[int, int, int] = (0, 0, 0)
    configuration: str = ""
    message: str = ""
    disturbed: bool = False


@dataclass(frozen=True)
class RunPlan:
    """How a built batch is to be run: `rule` is the oracle's, seconds are wall-clock."""

    threads: int
    rule: Rule
    min_seconds: float
    budget: float


class Mark:
    """A file that says which candidate is at work, and takes the worker's stderr beside it."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def __call__(self, stage: str, candidate: int) -> None:
        self.path.write_text(f"{stage} {candidate}")

    def capture_stderr(self) -> None:
        """From here on the process's stderr goes to the log (LLVM prints its last words there)."""
        log = os.open(f"{self.path}.log", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(log, 2)
        os.close(log)

    def read(self) -> tuple[str, int]:
        """The last stage and candidate; ("start", -1) if the worker died before any."""
        try:
            stage, candidate = self.path.read_text().split()
        except (OSError, ValueError):
            return "start", -1
        return stage, int(candidate)

    def last_words(self) -> str:
        """The most telling line of the captured stderr, or nothing."""
        try:
            lines = Path(f"{self.path}.log").read_text(errors="replace").splitlines()
        except OSError:
            return ""
        telling = [line for line in lines if "error" in line.lower()] or lines[:1]
        return telling[0].strip()[:300] if telling else ""


def initialize() -> None:
    """Set up a worker: it dies with its parent, even in the middle of a candidate's code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def resolve(path: str) -> Callable[..., None]:
    """The function that `module:function` names.

    Raises:
      MeasureError: there is no such module or function.
    """
    module_name, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise MeasureError(
            f"applier {path!r} cannot be imported: {error}; give it as module:function"
        ) from None


def _apply(function: Callable[..., None], candidate: object, func_op: object) -> None:
    function(func_op, candidate)


def compile_batch(
    source: str, applier: str, candidates: Sequence[object], flags: Sequence[str], mark: str
) -> BuiltBatch:
    """Builds one dispatch under the schedules of `candidates` (None is IREE's default).

    Raises what `builder.build` and `resolve` raise.
    """
    marker = Mark(mark)
    marker.capture_stderr()
    marker("start", -1)
    function = resolve(applier)
    appliers = [None if item is None else partial(_apply, function, item) for item in candidates]
    return builder.build(source, appliers, flags, on_stage=marker)


def run_batch(batch: BuiltBatch, plan: RunPlan, mark: str) -> list[Measured]:
    """Times the exports of `batch`, then checks their values; one result for each export.

    Export 0 is the reference and must have compiled.

    Raises:
      MeasureError: the reference or the machine cannot be used.
    """
    marker = Mark(mark)
    marker.capture_stderr()
    marker("start", -1)
    numbers = [i for i, export in enumerate(batch.exports) if export.status == "ok"]
    exports = [batch.exports[i] for i in numbers]
    judge = oracle.Oracle(batch.bindings, plan.rule)
    with timer.Pool(plan.threads) as pool:
        executable = timer.Executable(batch, judge.buffers)
        timings = timer.time_exports(
            executable, pool, exports, budget=plan.budget, reference=0,
            on_export=lambda i: marker("time", numbers[i]),
        )  # fmt: skip
        faults = oracle.check(
            judge, executable, pool, batch.exports[0], exports,
            on_export=lambda i: marker("check", numbers[i]),
        )  # fmt: skip
        executable.close()
    found = {
        number: _judge(export, timing, fault, plan.min_seconds)
        for number, export, timing, fault in zip(numbers, exports, timings, faults, strict=True)
    }
    return [found.get(i) or _not_built(export) for i, export in enumerate(batch.exports)]


def _judge(export: BuiltExport, timing: Timing, fault: str | None, least: float) -> Measured:
    status, message = "ok", ""
    if fault:
        status, message = "wrong_values", fault
    elif timing.seconds < least:
        status = "refused"
        message = f"{timing.seconds:.3g} s is less than the machine's limit of {least:.3g} s"
    return Measured(
        status,
        timing.seconds,
        timing.runs,
        export.workgroups,
        export.configuration,
        message,
        timing.disturbed,
    )


def _not_built(export: BuiltExport) -> Measured:
    return Measured(export.status, configuration=export.configuration, message=export.message)
