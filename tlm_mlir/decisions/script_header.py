# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a script tells of itself, in attributes of its module and of its sequences.

The module says which tlm-mlir, model and IREE wrote it, for which target and from which source. A
sequence says what its dispatch computes, by which tokens it is scheduled, and the predicted gain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from iree.compiler import ir

from .. import __version__
from ..errors import InputError
from ..ir.naming import title
from ..ir.workload import Workload
from ..iree.release import RELEASE
from ..language.schedule import Schedule
from ..targets import registry
from ..targets.backend import Configuration
from ..targets.target import Target

PREFIX = "tlm."
VERSION, IREE, TARGET = "version", "iree", "target"
MODEL, SOURCE = "model", "source"
OP, OPS, WORKLOAD, SCHEDULE, GAIN = "op", "ops", "workload", "schedule", "gain"
"""Names of attributes behind the prefix."""


@dataclass(frozen=True)
class Origin:
    """Where a script comes from: the checkpoint that wrote it, and the name of the source. Empty
    where that is not known."""

    model: str = ""
    source: str = ""


@dataclass(frozen=True)
class ScheduledDispatch:
    """One dispatch and its schedule. `ops` are the names of its structured ops in program order,
    `gain` the predicted latency of IREE's default over that of the schedule, None where nothing
    predicted it."""

    name: str
    workload: Workload
    ops: tuple[str, ...]
    schedule: Schedule
    gain: float | None = None

    def configuration(self, target: Target) -> Configuration:
        """What the schedule becomes in the IR."""
        return registry.task(self.workload, target).configuration(self.schedule)


def write_header(script: ir.Module, target: Target, origin: Origin) -> None:
    """Says on a module what wrote it, with what, for what."""
    told = {
        VERSION: __version__,
        IREE: RELEASE,
        TARGET: target.to_json(),
        MODEL: origin.model,
        SOURCE: origin.source,
    }
    _write(script.operation, told)


def write_sequence(sequence: ir.Operation, dispatch: ScheduledDispatch, target: Target) -> None:
    """Says on a sequence what it is for."""
    task = registry.task(dispatch.workload, target)
    told = {
        OP: title(dispatch.workload),
        OPS: ",".join(dispatch.ops),
        WORKLOAD: dispatch.workload.digest,
        SCHEDULE: task.text(dispatch.schedule),
        GAIN: "" if dispatch.gain is None else f"{dispatch.gain:.2f}x",
    }
    _write(sequence, told)


def gain(predicted: float | None) -> float | None:
    """The gain that a predicted log of latency over IREE's default is."""
    return None if predicted is None else math.exp(-predicted)


def told(operation: ir.Operation) -> dict[str, str]:
    """What an op says, by name without the prefix."""
    found = {}
    for name in operation.attributes:
        attribute = operation.attributes[name]
        if name.startswith(PREFIX) and isinstance(attribute, ir.StringAttr):
            found[name.removeprefix(PREFIX)] = attribute.value
    return found


def check_release(script: ir.Operation) -> None:
    """Raises InputError for a script that another release of IREE's was the compiler of. One that
    says nothing was written by hand."""
    found = told(script).get(IREE, RELEASE)
    if found != RELEASE:
        raise InputError(
            f"the script was written for IREE {found} and this is {RELEASE}; write it anew with"
            " `tlm-mlir script`"
        )


def _write(operation: ir.Operation, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        if text:
            operation.attributes[f"{PREFIX}{name}"] = ir.StringAttr.get(text)
