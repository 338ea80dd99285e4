# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python API: compile a module, or only write its schedules."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from .compiler.driver import Options, Plan, compile_file, plan
from .compiler.report import Report
from .compiler.scheduler import Scheduler


def compile(  # noqa: A001 (the name that users expect: tlm_mlir.compile)
    source: str | PathLike[str],
    out: str | PathLike[str],
    options: Options | None = None,
    *,
    script_out: str | PathLike[str] | None = None,
    report_out: str | PathLike[str] | None = None,
    scheduler: Scheduler | None = None,
) -> Report:
    """Compiles the module in `source` to the .vmfb `out` with schedules that the model writes.

    Give a `scheduler` to load the model once for several modules. Raises TlmError in one sentence
    for input that cannot be used; then no output file exists.
    """
    return compile_file(
        Path(source),
        Path(out),
        options or Options(),
        script_out=Path(script_out) if script_out else None,
        report_out=Path(report_out) if report_out else None,
        scheduler=scheduler,
    )


def schedule(
    source: str | PathLike[str],
    options: Options | None = None,
    *,
    scheduler: Scheduler | None = None,
) -> Plan:
    """Reads a module up to its dispatches and has the model write their schedules.

    The plan holds the session, the module (at `executable-sources`), the schedules by dispatch name
    and, by `plan.script()`, the transform-dialect script that `SchedulePass` applies.
    """
    return plan(Path(source), options or Options(), scheduler)
