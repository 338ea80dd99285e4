# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The front half of a compile: up to `global-optimization`, with all that is decided before
dispatches are formed. `iree-compile` takes it from there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from iree.compiler import ir

from ..compiler import steps
from ..compiler.clock import Clock
from ..compiler.source import Source
from ..decisions.point import DecisionPoint, Site
from ..decisions.points import EARLY
from ..decisions.walk import walk
from ..iree.command_line import CommandLine
from ..iree.phases import GLOBAL_OPTIMIZATION
from ..language.schedule import Schedule
from ..policy.deciding import SCHEDULED, decide
from ..policy.scheduler import Scheduler
from .whole import LineOptions


def compile_front(line: CommandLine, piped: bytes | None, out: BinaryIO) -> int:
    """Writes the front half of a line as bytecode to `out`; returns how many choices it made.

    Raises TlmError where that fails.
    """
    options = LineOptions(target=line.targets[0], given=line.front_flags)
    source = Source.of(Path(line.source) if piped is None else piped)
    read = steps.read(source, options, EARLY, Clock())
    policy = Scheduler()
    chosen = 0

    def asked(
        point: DecisionPoint, module: ir.Operation, sites: Sequence[Site]
    ) -> list[Schedule | None]:
        nonlocal chosen
        outcomes = decide(sites, steps.leaving, policy)
        chosen += sum(outcome.outcome == SCHEDULED for outcome in outcomes)
        return [outcome.schedule for outcome in outcomes]

    start = EARLY[0].phase
    at = walk(read.session, read.module, start, EARLY, asked, options.core_count())
    if at != GLOBAL_OPTIMIZATION:
        read.session.run(read.module, at, GLOBAL_OPTIMIZATION)
    read.module.write_bytecode(out)
    return chosen
