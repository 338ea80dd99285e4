# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python API: compile a program, or only decide about it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from .compiler.driver import plan
from .compiler.options import Options
from .compiler.report import Report
from .compiler.results import compile_or_find
from .compiler.source import Given
from .compiler.steps import Plan
from .measure.tuning import LIMIT, Tuner
from .policy.deciding import Policy


def compile(  # noqa: A001 (the name that users expect: tlm_mlir.compile)
    source: Given,
    out: str | PathLike[str],
    options: Options | None = None,
    *,
    script_out: str | PathLike[str] | None = None,
    report_out: str | PathLike[str] | None = None,
    scheduler: Policy | None = None,
    measure: int = 0,
    measure_limit: float = LIMIT,
    cache: bool = False,
) -> Report:
    """Compiles a program to the .vmfb `out` with schedules that the model writes.

    `source` is the path of a file, MLIR text (a `str` with a line break), text or bytecode as
    bytes, or an `ir.Module`, which stays as it is. The report has a row for every decision. A
    schedule that keeps the program from compiling falls back to what IREE does by itself, and
    `Report.warnings` names it. Give a `Scheduler` to load the model once for several programs, or
    `SavedSchedules` to have those of a script. With `measure` that many schedules of each dispatch
    are timed on this machine (`measure.tuning`), for about `measure_limit` seconds in all; a script
    that asks for it needs the usual `if __name__ == "__main__":` guard. With `cache` a program that
    was compiled before is taken from the user's cache (`compiler.results`), and kept there if not.
    Raises TlmError in one sentence for input that cannot be used; then no output file exists.
    """
    script, report = (Path(path) if path else None for path in (script_out, report_out))
    return compile_or_find(
        source,
        Path(out),
        options or Options(),
        script_out=script,
        report_out=report,
        scheduler=scheduler,
        tuner=Tuner(measure, measure_limit) if measure else None,
        cache=cache,
    )


def schedule(
    source: Given,
    options: Options | None = None,
    *,
    scheduler: Policy | None = None,
    measure: int = 0,
    measure_limit: float = LIMIT,
) -> Plan:
    """Compiles a program up to its dispatches and has the model write their schedules.

    `source` is what `compile` takes. The plan holds the session, and the module at
    `executable-sources`, after what was decided about its ops. `plan.outcomes` tell what became of
    every site, `plan.schedules` has the schedules by dispatch name. `plan.script()` is the
    transform-dialect script that `SchedulePass` applies. `measure` is as `compile` has it. Raises
    TlmError as `compile` does.
    """
    tuner = Tuner(measure, measure_limit) if measure else None
    return plan(source, options or Options(), scheduler, tuner=tuner)
