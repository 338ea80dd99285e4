# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the candidates of one dispatch for a bundle: what a process does that may crash."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from iree.compiler import ir

from ..decisions.apply import apply_schedule
from ..errors import CompileError, InputError
from ..ir.workload import Workload
from ..iree.module import body, walk
from ..iree.ops import DISPATCH, GATHER, READ_AND_WRITTEN
from ..iree.phases import SOURCES
from ..iree.session import Session
from ..language.schedule import DEFAULT, END, Schedule
from ..policy.scheduler import Scheduler
from ..targets.target import GpuTarget
from ..targets.task import Task
from .arithmetic import is_exact
from .bundled.manifest import DTYPES
from .kernels import Kernels, assembler
from .retarget import REFERENCE_FLAGS, Retargeted, only, retarget

_INTEGERS, _INDICES = (-3, 4), (0, 2)
_TOLERANCE, _NARROW_TOLERANCE = 1e-4, 2e-2
"""Tolerance relative to the largest value where arithmetic is not exact: for floats of 32 bits and
more, and for 16-bit floats."""

CONFIGURATION = "configuration"
"""In the statics of IREE's default: text of the attributes by which IREE chose it."""


class Propose(Protocol):
    """Proposes schedules of a task, none the default; can be sent to another process."""

    def __call__(self, task: Task) -> list[Schedule]:
        """The schedules, none twice."""


@dataclass(frozen=True)
class RandomCandidates:
    """Proposes up to `count` different schedules drawn from the grammar."""

    count: int
    seed: int = 0

    def __call__(self, task: Task) -> list[Schedule]:
        """Others for another seed or workload, else the same."""
        text = f"{self.seed} {task.workload.digest}"
        rng = np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))
        drawn = (task.random(rng) for _ in range(4 * self.count))
        return list(dict.fromkeys(drawn))[: self.count]


@dataclass(frozen=True)
class ModelCandidates:
    """Proposes up to `count` different schedules that a model writes, the greedy one first."""

    count: int
    seed: int = 0
    model: Path | None = None

    def __call__(self, task: Task) -> list[Schedule]:
        """None for a workload that the model cannot read."""
        if not task.readable:
            return []
        written = _scheduler(self.model).sample(task, 2 * self.count, self.seed)
        return list(dict.fromkeys(written))[: self.count]


@cache
def _scheduler(model: Path | None) -> Scheduler:
    return Scheduler(model)


@cache
def _session(flags: tuple[str, ...]) -> Session:
    return Session(flags)


@cache
def _kernels(flags: tuple[str, ...]) -> Kernels | None:
    """None where no compiler of the device is installed."""
    found = assembler(flags)
    return Kernels(flags, found) if found else None


@dataclass(frozen=True)
class Candidate:
    """A schedule's tokens, its program or why there is none, and what is known of that without
    running it: `Statics` of its kernel, where a compiler of the device's is installed; for IREE's
    default, what IREE chose (CONFIGURATION)."""

    schedule: str
    program: bytes | str
    statics: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """One dispatch: workload and target as JSON, its program's inputs and tolerance, a program of
    the CPU to compare values with, and the candidates, IREE's default first."""

    workload: str
    target: str
    inputs: list[dict[str, Any]]
    tolerance: float
    reference: bytes
    candidates: list[Candidate]


def build(source: str, flags: tuple[str, ...], propose: Propose, repeat: int) -> Built:
    """Compiles what is proposed for a dispatch given as MLIR text (`iree.executables`).

    A program runs the dispatch `repeat` times, each after the other. Raises InputError for one that
    is no program by itself, is none for the device, computes in place, or has no schedules;
    CompileError where IREE refuses it.
    """
    reference = _session(REFERENCE_FLAGS)
    kernels = _kernels(flags)
    session = kernels.session if kernels else _session(flags)
    asked = retarget(source, session, reference)
    if _in_place(asked):
        raise InputError("a dispatch computes in place, so that no two runs give the same values")
    _repeat(asked.module, repeat)
    compiler = kernels or session
    workload, target = asked.task.workload, asked.task.target
    inputs = _inputs(reference.parse_text(asked.program))
    schedules = propose(asked.task) if asked.task.schedulable else []
    if not schedules:
        raise InputError("a dispatch has no schedules but the default")
    own = _compiled(compiler, asked, None)
    own.statics[CONFIGURATION] = asked.configuration
    candidates = [own, *(_compiled(compiler, asked, schedule) for schedule in schedules)]
    cpu = _finished(reference, reference.parse_text(asked.program), None)
    return Built(
        workload.to_json(), target.to_json(), inputs, _tolerance(workload), cpu, candidates
    )


def _in_place(asked: Retargeted) -> bool:
    """Whether the dispatch writes what it reads. IREE lets it write the caller's inputs."""
    return READ_AND_WRITTEN in str(asked.dispatch.function)


def _repeat(module: ir.Operation, times: int) -> None:
    """Has the program run its dispatches so often; commands in one stream wait for each other."""
    for operation in [op for op in walk(module) if op.name == DISPATCH]:
        for _ in range(times - 1):
            operation.clone(ip=ir.InsertionPoint(operation))


def _compiled(
    compiler: Session | Kernels, asked: Retargeted, schedule: Schedule | None
) -> Candidate:
    """The candidate of a schedule, None for IREE's default. Raises CompileError where that
    fails."""
    target = asked.task.target
    copy = asked.module.clone().operation
    if schedule is None:
        text = f"{DEFAULT} {END}"
    else:
        text = asked.task.text(schedule)
        function = only(copy).function
        apply_schedule(function, schedule, target)
    try:
        if isinstance(compiler, Session):
            return Candidate(text, _finished(compiler, copy, SOURCES))
        assert isinstance(target, GpuTarget)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "program.vmfb"
            known = compiler.finish(copy, SOURCES, path, target)
            return Candidate(text, path.read_bytes(), dict(known))
    except CompileError as error:
        if schedule is None:
            raise
        return Candidate(text, str(error))


def _finished(session: Session, module: ir.Operation, start: str | None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.vmfb"
        session.finish(module, start, path)
        return path.read_bytes()


def _inputs(program: ir.Operation) -> list[dict[str, Any]]:
    """Shapes, types and ranges of the program's arguments: small integers, whose sums are exact."""
    (function,) = body(program)
    indexed = any(name in str(program) for name in ("tensor.extract", GATHER))
    signature = ir.FunctionType(ir.TypeAttr(function.attributes["function_type"]).value)
    types = [ir.RankedTensorType(kind) for kind in (*signature.inputs, *signature.results)]
    if strange := {str(t.element_type) for t in types} - set(DTYPES):
        raise InputError(f"a dispatch has {min(strange)}, which numpy does not know")
    found = []
    for shaped in types[: len(signature.inputs)]:
        name = str(shaped.element_type)
        low, high = _INDICES if indexed and name.startswith("i") else _INTEGERS
        found.append({"shape": list(shaped.shape), "dtype": name, "low": low, "high": high})
    return found


def _tolerance(workload: Workload) -> float:
    if is_exact(workload):
        return 0.0
    kinds = {o.dtype for op in workload.ops for o in (*op.inputs, *op.outputs)}
    return _NARROW_TOLERANCE if kinds & {"f16", "bf16"} else _TOLERANCE
