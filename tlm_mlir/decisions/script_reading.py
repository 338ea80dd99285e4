# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading scripts: which functions their sequences are for, and which schedules they hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from iree.compiler import ir
from iree.compiler.dialects.transform import structured

from ..errors import InputError
from ..files import STANDARD_INPUT, read_bytes, shown
from ..ir.workload import Workload
from ..iree import library
from ..iree.invocation import first_error
from ..iree.library import SEQUENCE, canonical
from ..iree.module import SYMBOL, body, reading_context, symbol, walk
from ..language.schedule import Schedule
from ..targets import registry
from ..targets.target import Target
from . import script_header as header
from .check import check_script
from .script import ENTRY, build_script, find_entry
from .script_header import ScheduledDispatch

MACHINE = {"cores", "l1", "l2", "l3", "units"}
"""Fields of targets that tell how fast a schedule is, and not whether it is one."""


@dataclass(frozen=True)
class ScheduleSequence:
    """A sequence of a script that schedules a function: the one that is called `function`.

    `op` is what the function computes, `ops` are its structured ops, `workload` is the digest of
    its workload, `schedule` are the tokens and `gain` is the predicted gain, all empty in a script
    that was written by hand.
    """

    name: str
    function: str
    op: str
    ops: tuple[str, ...]
    workload: str
    schedule: str
    gain: str
    operation: ir.Operation


def read_script(path: Path) -> ir.Module:
    """A script from a file, checked. Raises InputError for a file that cannot be read, is no MLIR,
    holds what schedules are not made of, or is for another release of IREE's."""
    name = shown(path, STANDARD_INPUT)
    try:
        text = read_bytes(path).decode()
        script = ir.Module.parse(text, reading_context())
    except ir.MLIRError as error:
        raise InputError(f"{name} is not MLIR that IREE reads: {first_error(error)}") from error
    except UnicodeDecodeError:
        raise InputError(f"{name} is no text; give a script of `tlm-mlir script`") from None
    check_script(script.operation)
    find_entry(script)
    return script


def read_target(script: ir.Module) -> Target:
    """The target that a script is for. Raises InputError where it does not say."""
    text = header.told(script.operation).get(header.TARGET)
    if not text:
        raise InputError("the script does not say which target it is for; write it anew")
    return Target.from_json(text)


def alike(one: Target, other: Target) -> bool:
    """Whether code for one target is code for the other: all but sizes that spaces do not depend
    on, which differ from machine to machine."""
    return _code(one) == _code(other)


def _code(target: Target) -> dict[str, object]:
    return {name: value for name, value in asdict(target).items() if name not in MACHINE}


def read_sequences(script: ir.Module) -> list[ScheduleSequence]:
    """The sequences of a script that its entry includes and that schedule a function, in order."""
    operations = [o for o in body(script.operation) if o.name == SEQUENCE]
    included = library.included(find_entry(script))
    found = []
    for operation in operations:
        function = _function(operation)
        if symbol(operation) == ENTRY or not function or symbol(operation) not in included:
            continue
        says = header.told(operation)
        found.append(
            ScheduleSequence(
                symbol(operation),
                function,
                says.get(header.OP, ""),
                tuple(filter(None, says.get(header.OPS, "").split(","))),
                says.get(header.WORKLOAD, ""),
                says.get(header.SCHEDULE, ""),
                says.get(header.GAIN, ""),
                operation,
            )
        )
    return found


def read_schedule(sequence: ScheduleSequence, workload: Workload, target: Target) -> Schedule:
    """The schedule that a sequence's tokens spell, for the workload that it is for.

    Raises InputError where they leave the space, or where the sequence does something else.
    """
    schedule = registry.task(workload, target).parse(sequence.schedule)
    dispatch = ScheduledDispatch(sequence.function, workload, sequence.ops, schedule)
    again = build_script([dispatch], target, sequence.operation.context)
    (own,) = read_sequences(again)
    if _steps(own.operation) != _steps(sequence.operation):
        raise InputError(
            f"the script's @{sequence.name} does not do what its tokens say, as after an edit;"
            " apply it with stock `iree-compile`, or write it anew"
        )
    return schedule


def _steps(sequence: ir.Operation) -> str:
    """The text of a sequence behind its name and what it says of itself."""
    return canonical(sequence).partition("\n")[2]


def _function(sequence: ir.Operation) -> str:
    """The name of the function that a sequence looks for; empty where it looks for none."""
    for operation in walk(sequence):
        if operation.name == structured.MatchOp.OPERATION_NAME:
            if "op_attrs" in operation.attributes:
                attributes = ir.DictAttr(operation.attributes["op_attrs"])
                if SYMBOL in attributes:
                    return ir.StringAttr(attributes[SYMBOL]).value
    return ""
