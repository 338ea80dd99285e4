# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a compile did, decision by decision, and how long each part took."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..decisions.dispatch import Lowering
from ..decisions.point import LEFT
from ..errors import InputError
from ..files import STANDARD_INPUT, read_bytes, shown, write_text
from ..iree.executable_target import attribute_of
from ..iree.hardware import hardware_name
from ..policy.deciding import IREE, MODEL, OTHERS, Outcome, Outcomes
from .clock import Clock
from .explain.details import Details, Explainer, Way
from .explain.work import Roof, Work
from .options import CPU, HOST, Options

SCHEMA = 1
"""Counts changes of what reports say, by which a reader of an earlier one would be misled."""


AUTHORS = (MODEL, OTHERS, IREE, LEFT)
"""Who wrote what is done in a dispatch that runs."""


class Done(Protocol):
    """What was decided about a program, and by which checkpoint (`model`); `defaults` is how IREE
    configures dispatches by itself, by their names, and `targets` are the `#hal.executable.target`
    attributes that the program is compiled for, as text."""

    @property
    def outcomes(self) -> Outcomes:
        """What became of every site."""

    @property
    def model(self) -> str:
        """The checkpoint that was asked."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence about each thing that fell back."""

    @property
    def defaults(self) -> Mapping[str, str]:
        """How IREE configures dispatches by itself."""

    @property
    def targets(self) -> Sequence[str]:
        """What the program is compiled for."""


@dataclass(frozen=True)
class Row:
    """One decision: about which op or dispatch (`name`, and its `location` in the source where it
    has one), at which decision `point`, and what became of it and why.

    `outcome` is "scheduled", "default" (IREE's is kept), "left" (nothing can be asked), "at load"
    (runs once, not worth a question) or "fallback" (the schedule did not compile). `predicted` is
    the log of the latency of the best schedule written over that of IREE's default, as what
    `compared_by` names predicts it. `author` is who wrote what is done: "model", "others", "iree",
    "left" or "at load" (`policy.deciding`).
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
    details: Details = Details()
    author: str = ""


@dataclass(frozen=True)
class Report:
    """A whole compile. `seconds` has one entry for each part; `total_seconds` hold what lies
    between parts, too. `roof` is what the target can do, None where that is not known.

    `hardware` names the CPUs and GPUs that the program is for, as far as they are known, and `host`
    says whether that is the CPU of this machine. `cores` is the number of threads that will run the
    program, zero where no CPU does. `cached` says that an earlier compile of the same program was
    taken from the user's cache.
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
    cached: bool = False
    roof: Roof | None = field(default=None, kw_only=True)

    @property
    def dispatches(self) -> list[Row]:
        """The rows about dispatches, in program order."""
        return [row for row in self.decisions if row.point == Lowering.name]

    def count(self, outcome: str) -> int:
        """How many dispatches had an outcome."""
        return sum(row.outcome == outcome for row in self.dispatches)

    @property
    def written(self) -> dict[str, float]:
        """What share of the least time of all dispatches is in those whose schedule each author
        wrote, with MODEL, OTHERS, IREE and LEFT; empty where no share is known."""
        known = [row for row in self.dispatches if row.details.share]
        total = sum(row.details.share or 0.0 for row in known)
        return {
            author: sum(row.details.share or 0.0 for row in known if row.author == author) / total
            for author in (AUTHORS if total else ())
        }

    def added_seconds(self) -> float:
        """Seconds that deciding added to what IREE takes."""
        return sum(seconds for part, seconds in self.seconds.items() if not part.startswith("iree"))

    def own_seconds(self) -> float:
        """Seconds of the whole compile that are not IREE's: what lies between parts is ours."""
        iree = (seconds for part, seconds in self.seconds.items() if part.startswith("iree"))
        return self.total_seconds - sum(iree)

    def to_json(self) -> str:
        """The report as indented JSON, with the number of its schema."""
        told = {"schema": SCHEMA, **asdict(self), "added_seconds": self.added_seconds()}
        told["written"] = self.written
        return json.dumps(told, indent=2)

    def write(self, path: Path) -> None:
        """Writes the JSON. Raises InputError when it cannot be written."""
        write_text(path, self.to_json() + "\n")

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The report that `to_json` wrote, of this schema. Raises ValueError, TypeError, KeyError
        or AttributeError for text that is none."""
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']}")
        return _report(data)

    @classmethod
    def read(cls, path: Path) -> Report:
        """The report that `write` wrote. Raises InputError for a file that cannot be read, is no
        report, or is one of another schema."""
        name = shown(path, STANDARD_INPUT)
        try:
            data = json.loads(read_bytes(path))
            schema = data["schema"]
        except (ValueError, TypeError, KeyError):
            raise InputError(
                f"{name} is no report of tlm-mlir; write one with `--report-out`"
            ) from None
        if schema != SCHEMA:
            raise InputError(
                f"{name} is a report of schema {schema} and this version reads schema {SCHEMA};"
                " write it anew with `--report-out`"
            )
        try:
            return _report(data)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                f"{name} is a damaged report ({error}); write it anew with `--report-out`"
            ) from None


def _report(data: dict[str, Any]) -> Report:
    """The report that its JSON tells of."""
    roof = data["roof"]
    return Report(
        str(data["module"]),
        str(data["target"]),
        str(data["model"]),
        tuple(Row(**{**row, "details": _details(row["details"])}) for row in data["decisions"]),
        {str(part): float(seconds) for part, seconds in data["seconds"].items()},
        tuple(map(str, data["warnings"])),
        hardware=tuple(map(str, data["hardware"])),
        host=bool(data["host"]),
        cores=int(data["cores"]),
        total_seconds=float(data["total_seconds"]),
        cached=bool(data.get("cached", False)),
        roof=Roof(**roof) if roof else None,
    )


def _details(data: dict[str, Any]) -> Details:
    def way(found: dict[str, Any] | None) -> Way | None:
        return Way(**found) if found else None

    parts = {
        "work": Work(**data["work"]) if data["work"] else None,
        "iree": way(data["iree"]),
        "ours": way(data["ours"]),
        "others": tuple(Way(**other) for other in data["others"]),
    }
    return Details(**{**data, **parts})


def _row(outcome: Outcome, explainer: Explainer) -> Row:
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
        explainer(outcome),
        outcome.author,
    )


def render(module: str, options: Options, done: Done, clock: Clock) -> Report:
    """The report of what was decided about the program that is called `module`."""
    explainer = Explainer(done.outcomes, done.defaults)
    rows = tuple(_row(outcome, explainer) for some in done.outcomes.values() for outcome in some)
    on_cpu = CPU in options.compiled_for()
    return Report(
        module,
        " and ".join(options.compiled_for()),
        done.model,
        rows,
        dict(clock.seconds),
        done.warnings,
        hardware=tuple(dict.fromkeys(map(hardware_name, done.targets))),
        host=_is_here(options, done.targets),
        cores=options.core_count() if on_cpu else 0,
        total_seconds=clock.elapsed(),
        roof=explainer.roof,
    )


def _is_here(options: Options, targets: Sequence[str]) -> bool:
    """Whether a program is for this machine's CPU alone: it may name devices of its own."""
    asked = options.target == CPU and options.cpu == HOST
    return asked and bool(targets) and [attribute_of(options.flags())] == list(targets)
