# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a compile did, decision by decision, and how long each part took."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..decisions.dispatch import Lowering
from ..files import write_text
from ..iree.executable_target import attribute_of, executable_targets
from ..iree.hardware import hardware_name
from ..policy.deciding import Outcome
from .clock import Clock
from .options import CPU, HOST, Options
from .road import Compiled
from .steps import Plan


@dataclass(frozen=True)
class Row:
    """One decision: about which op or dispatch (`name`, and its `location` in the source where it
    has one), at which decision `point`, and what became of it and why.

    `outcome` is "scheduled", "default" (IREE's is kept), "left" (nothing can be asked), "at load"
    (runs once, not worth a question) or "fallback" (the schedule did not compile). `predicted` is
    the log of the latency of the best schedule written over that of IREE's default, as what
    `compared_by` names predicts it.
    """

    point: str
    name: str
    outcome: str
    reason: str
    workload: str
    schedule: str
    predicted: float | None
    compared_by: str
    location: str


@dataclass(frozen=True)
class Report:
    """A whole compile. `seconds` has one entry for each part; `total_seconds` hold what lies
    between parts, too.

    `hardware` names the CPUs and GPUs that the program is for, as far as they are known, and `host`
    says whether that is the CPU of this machine. `cores` is the number of threads that will run the
    program, zero where no CPU does.
    """

    module: str
    target: str
    model: str
    decisions: tuple[Row, ...]
    seconds: Mapping[str, float]
    warnings: tuple[str, ...]
    hardware: tuple[str, ...] = ()
    host: bool = False
    cores: int = 0
    total_seconds: float = 0.0

    @property
    def dispatches(self) -> list[Row]:
        """The rows about dispatches, in program order."""
        return [row for row in self.decisions if row.point == Lowering.name]

    def count(self, outcome: str) -> int:
        """How many dispatches had an outcome."""
        return sum(row.outcome == outcome for row in self.dispatches)

    def added_seconds(self) -> float:
        """Seconds that deciding added to what IREE takes."""
        return sum(seconds for part, seconds in self.seconds.items() if not part.startswith("iree"))

    def own_seconds(self) -> float:
        """Seconds of the whole compile that are not IREE's: what lies between parts is ours."""
        iree = (seconds for part, seconds in self.seconds.items() if part.startswith("iree"))
        return self.total_seconds - sum(iree)

    def to_json(self) -> str:
        """The report as indented JSON."""
        return json.dumps({**asdict(self), "added_seconds": self.added_seconds()}, indent=2)

    def write(self, path: Path) -> None:
        """Writes the JSON. Raises InputError when it cannot be written."""
        write_text(path, self.to_json() + "\n")


def _row(outcome: Outcome) -> Row:
    site, answer = outcome.site, outcome.answer
    return Row(
        site.point,
        site.name,
        outcome.outcome,
        outcome.reason,
        site.workload.digest if site.workload else "",
        outcome.text,
        answer.predicted if answer and answer.predicted not in (None, math.inf) else None,
        answer.compared_by if answer else "",
        site.location,
    )


def render(module: str, options: Options, done: Compiled | Plan, clock: Clock) -> Report:
    """The report of what was decided about the program that is called `module`."""
    rows = tuple(_row(outcome) for some in done.outcomes.values() for outcome in some)
    plan = done.plan if isinstance(done, Compiled) else done
    targets = executable_targets(plan.module) if plan else []
    on_cpu = CPU in options.compiled_for()
    return Report(
        module,
        " and ".join(options.compiled_for()),
        done.model,
        rows,
        dict(clock.seconds),
        done.warnings,
        hardware=tuple(dict.fromkeys(map(hardware_name, targets))),
        host=_is_here(options, targets),
        cores=options.core_count() if on_cpu else 0,
        total_seconds=clock.elapsed(),
    )


def _is_here(options: Options, targets: Sequence[str]) -> bool:
    """Whether a program is for this machine's CPU alone: it may name devices of its own."""
    asked = options.target == CPU and options.cpu == HOST
    return asked and bool(targets) and [attribute_of(options.flags())] == list(targets)
