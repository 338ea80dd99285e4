# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calling programs for their values, and timing them in turn."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from ..errors import MeasureError
from .runner import Runner
from .values import Value
from .verdict import Calls

CALLS = 2
"""Calls whose values are compared: a program that keeps state answers differently the second
time."""
SAMPLE_SECONDS = 2e-3
"""A shorter call is repeated for so long, or the clock and the system are what is timed."""
MOST_CALLS = 1000
MOST_ROUNDS = 1000
"""No more samples are taken to fill a time."""


@dataclass(frozen=True)
class Case:
    """How the programs of a module are run, on `threads` pinned threads, or on IREE's own choice of
    them where that is zero.

    Each gets `rounds` samples of about `sample_seconds`, and more until `seconds` have passed.
    """

    function: str
    parameters: tuple[str, ...]
    values: Path
    rounds: int
    threads: int = 0
    seconds: float = 0.0
    sample_seconds: float = SAMPLE_SECONDS

    def runner(self, program: Path) -> Runner:
        """A fresh process with a program. Raises MeasureError when it cannot be loaded."""
        return Runner(program, self.values, self.parameters, self.function, threads=self.threads)


def call_all(
    programs: Mapping[str, Path], case: Case, calls: int = CALLS
) -> tuple[dict[str, Calls], dict[str, str]]:
    """The results of each program's calls in a fresh process; and why, of those that have none."""
    found: dict[str, Calls] = {}
    failed = {}
    for name, path in programs.items():
        try:
            with case.runner(path) as runner:
                found[name] = [runner.run() for _ in range(calls)]
        except MeasureError as error:
            failed[name] = str(error)
    return found, failed


def keeps_state(calls: Calls) -> bool:
    """Whether a program answered differently when it was called again."""
    first, *others = calls
    return any(
        len(first) != len(other) or not all(map(Value.same, first, other)) for other in others
    )


def time_all(
    programs: Mapping[str, tuple[Path, bool]], case: Case
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Seconds of a call by program and round, a sample of each program in turn; and why, of those
    that failed on the way. Each program comes with whether it keeps state."""
    seconds: dict[str, list[float]] = {}
    failed: dict[str, str] = {}
    with ExitStack() as stack:
        runners: dict[str, tuple[Runner, int]] = {}
        for name, (path, state) in programs.items():
            try:
                runner = stack.enter_context(case.runner(path))
                runners[name] = runner, _calls(runner, state, case.sample_seconds)
            except MeasureError as error:
                failed[name] = str(error)
        start = time.monotonic()
        for number in count():
            late = time.monotonic() - start >= case.seconds or number >= MOST_ROUNDS
            if number >= case.rounds and late:
                break
            for name, (runner, calls) in runners.items():
                if name in failed:
                    continue
                try:
                    seconds.setdefault(name, []).append(runner.time(calls))
                except MeasureError as error:
                    failed[name] = str(error)
    return seconds, failed


def _calls(runner: Runner, state: bool, seconds: float) -> int:
    """Warms a program up; how many calls make a sample.

    One of a program that keeps state: how often it can be called is not known.
    """
    runner.time()
    if state:
        return 1
    return min(max(1, round(seconds / max(runner.time(), 1e-9))), MOST_CALLS)
