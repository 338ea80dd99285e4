# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A command line of `iree-compile`, compiled in this process with all that is decided."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ..compiler.driver import compile_file
from ..compiler.options import Options
from ..compiler.report import Report
from ..decisions.dispatch import Lowering
from ..iree.command_line import CommandLine
from ..policy.deciding import SCHEDULED
from .tally import counted


@dataclass(frozen=True)
class LineOptions(Options):
    """Options whose flags are those of a command line of `iree-compile`, and no others."""

    given: tuple[str, ...] = ()

    def flags(self) -> list[str]:
        """The flags as they were given."""
        return list(self.given)


def compile_line(line: CommandLine, piped: bytes | None) -> str:
    """Compiles a line, `piped` what came on standard input; returns a summary of it.

    Raises TlmError where that fails; then nothing is written.
    """
    start = time.perf_counter()
    options = LineOptions(target=line.targets[0], given=line.session_flags)
    source = Path(line.source) if piped is None else piped
    report = compile_file(source, Path(line.output), options)
    summary = _summary(report, time.perf_counter() - start)
    return f"{summary}; {line.hint}" if line.hint else summary


def _summary(report: Report, seconds: float) -> str:
    early = sum(
        row.outcome == SCHEDULED and row.point != Lowering.name for row in report.decisions
    )
    text = counted(report.count(SCHEDULED), len(report.dispatches), early)
    return f"{text}; {seconds:.1f} s, {report.added_seconds():.1f} s of it ours"
