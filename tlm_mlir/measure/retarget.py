# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A dispatch that was formed for one backend, as another device gets it."""

from __future__ import annotations

from dataclasses import dataclass

from iree.compiler import ir

from ..errors import InputError
from ..ir.dispatch import Dispatch, find_dispatches
from ..iree.dispatch_as_function import as_program
from ..iree.executables import configurations
from ..iree.flags import cpu
from ..iree.phases import CONFIGURED, SOURCES
from ..iree.session import Session
from ..language.schedule import Schedule
from ..targets import registry
from ..targets.backend import DispatchTask
from ..targets.dispatches import normalize

REFERENCE_FLAGS = cpu("x86-64-v3")
"""IREE's flags for a CPU that most machines have. Dispatches are read for it, and its values are
compared with."""


def program_of(source: str, reference: Session) -> ir.Operation:
    """The program of a dispatch given as MLIR text for any backend, read in a session of CPUs.

    Raises InputError for one that is no program by itself.
    """
    program = as_program(reference.parse_text(source))
    if program is None:
        raise InputError("a dispatch reads or writes a part of a tensor")
    return program


def for_device(program: str, session: Session) -> tuple[ir.Operation, Dispatch]:
    """A program of one dispatch (MLIR text) as the session's device gets it, at SOURCES.

    Raises InputError where it becomes several or cannot be read, CompileError where IREE refuses.
    """
    module = session.run(session.parse_text(program), None, SOURCES)
    normalize(module)
    return module, only(module)


def only(module: ir.Operation) -> Dispatch:
    """The one dispatch of a module that runs, readable. Raises InputError where it has others."""
    found = [d for d in find_dispatches(module) if not d.at_load]
    if len(found) != 1:
        raise InputError(f"a dispatch became {len(found)} dispatches for the device")
    if found[0].reading.workload is None:
        raise InputError(f"a dispatch cannot be read: {found[0].reading.reason}")
    return found[0]


@dataclass(frozen=True)
class Retargeted:
    """A dispatch for a device: its program (MLIR text), the module at SOURCES, and what IREE would
    do with it, as text (`iree.executables.configuration`)."""

    program: str
    module: ir.Operation
    dispatch: Dispatch
    task: DispatchTask
    configuration: str

    @property
    def baseline(self) -> Schedule | None:
        """What IREE would do; None where the space has nothing alike."""
        return self.task.read_back(self.configuration)


def retarget(source: str, session: Session, reference: Session) -> Retargeted:
    """A dispatch given as MLIR text for any backend, for the session's device.

    Raises what `program_of` and `for_device` raise.
    """
    program = str(program_of(source, reference))
    module, dispatch = for_device(program, session)
    workload = dispatch.reading.workload
    assert workload is not None
    target = registry.read_target(dispatch.target, 1, session.context)
    configured = session.run(module.clone().operation, SOURCES, CONFIGURED)
    text = configurations(configured)[dispatch.name]
    return Retargeted(program, module, dispatch, registry.task(workload, target), text)
