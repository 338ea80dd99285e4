# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a compile did, dispatch by dispatch, and how long each part took."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..files import write_text

SCHEDULED, DEFAULT, LEFT, AT_LOAD, FELL_BACK = "scheduled", "default", "left", "at load", "fallback"
MEASUREMENTS = "a judge that learned from measurements"
ESTIMATE = "a static estimate; nothing was measured on such a device"


@dataclass
class DispatchReport:
    """One dispatch: what became of it, why, and its schedule's tokens.

    `outcome` is "scheduled", "default" (the model prefers IREE's), "left" (cannot be scheduled),
    "at load" (runs once, not worth a schedule) or "fallback" (its schedule did not compile).
    """

    name: str
    outcome: str
    reason: str = ""
    workload: str = ""
    schedule: str = ""


@dataclass
class GraphReport:
    """One op of the whole program and what was chosen for it before dispatches were formed.

    `reason` has what the estimate said of a choice that was asked for, or why it was left.
    """

    op: str
    workload: str
    choice: str
    reason: str = ""


@dataclass
class Report:
    """A whole compile. `seconds` has one entry for each part. `foretold_by` says what the schedules
    were compared by, MEASUREMENTS or ESTIMATE."""

    module: str
    target: str
    model: str = ""
    foretold_by: str = ""
    graph: list[GraphReport] = field(default_factory=list)
    dispatches: list[DispatchReport] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Adds the time of a block to a part."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - start

    def count(self, outcome: str) -> int:
        """How many dispatches had an outcome."""
        return sum(dispatch.outcome == outcome for dispatch in self.dispatches)

    def added_seconds(self) -> float:
        """Seconds that scheduling added to what IREE takes."""
        return sum(seconds for part, seconds in self.seconds.items() if not part.startswith("iree"))

    def to_json(self) -> str:
        """The report as indented JSON."""
        data = asdict(self)
        data["added_seconds"] = self.added_seconds()
        return json.dumps(data, indent=2)

    def write(self, path: Path) -> None:
        """Writes the JSON. Raises InputError when it cannot be written."""
        write_text(path, self.to_json() + "\n")
