# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finding out which schedules of a module do not compile."""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir

from ..errors import CompileError
from ..ir.dispatch import find_dispatches
from ..iree.executables import alone
from ..iree.phases import SOURCES, TRANSLATED
from ..iree.session import Session
from .schedule_pass import SchedulePass


def failing(
    session: Session, module: ir.Operation, script: ir.Module, names: Sequence[str]
) -> dict[str, str]:
    """Dispatch name -> IREE's first diagnostic, for each scheduled dispatch that does not compile.

    Each executable is scheduled and compiled by itself; `module` stays as it is.
    """
    reasons: dict[str, str] = {}
    for dispatch in find_dispatches(module):
        if dispatch.name not in names:
            continue
        apart = alone(dispatch.executable)
        try:
            SchedulePass(script, only={dispatch.name}).run(apart)
            session.run(apart, SOURCES, TRANSLATED)
        except CompileError as error:
            reasons[dispatch.name] = str(error)
    return reasons
