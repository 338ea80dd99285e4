# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tlm-mlir: schedules for IREE, written by a language model instead of searched.

    import tlm_mlir
    report = tlm_mlir.compile("model.mlir", "model.vmfb")

Names are loaded when first used, so importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import compile, schedule
    from .compiler.explain.explanation import Explanation
    from .compiler.options import Options
    from .compiler.report import Report
    from .decisions.schedule_pass import SchedulePass
    from .errors import TlmError
    from .ir.workload import Workload
    from .language.schedule import Schedule
    from .policy.saved import SavedSchedules
    from .policy.scheduler import Scheduler
    from .targets.target import Target

__version__ = "0.1.0"

_HOMES = {
    "compile": "api",
    "schedule": "api",
    "Explanation": "compiler.explain.explanation",
    "Options": "compiler.options",
    "Report": "compiler.report",
    "SchedulePass": "decisions.schedule_pass",
    "SavedSchedules": "policy.saved",
    "Scheduler": "policy.scheduler",
    "TlmError": "errors",
    "Workload": "ir.workload",
    "Schedule": "language.schedule",
    "Target": "targets.target",
}
__all__ = [
    "Explanation",
    "Options",
    "Report",
    "SavedSchedules",
    "Schedule",
    "SchedulePass",
    "Scheduler",
    "Target",
    "TlmError",
    "Workload",
    "compile",
    "schedule",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tlm_mlir' has no attribute '{name}'")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
