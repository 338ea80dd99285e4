# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Executables as `iree-compile` hands them to a filter: text in, text with schedules out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iree.compiler import ir

from ..compiler.steps import read_back
from ..decisions.dispatch import Lowering
from ..decisions.point import Site
from ..errors import CompileError, InputError, TlmError
from ..iree.executables import configurations, executables
from ..iree.phases import CONFIGURED, SOURCES, TRANSLATED
from ..iree.session import Session
from ..language.schedule import Schedule
from ..policy.deciding import DEFAULT, SCHEDULED, Outcome, Policy, decide


@dataclass(frozen=True)
class Answered:
    """What became of one executable: its `text`, empty where it stays as it is, and how many of its
    dispatches are scheduled."""

    text: str
    scheduled: int
    dispatches: int


@dataclass(frozen=True)
class _Read:
    """An executable, its sites, and what IREE does about each by itself."""

    module: ir.Operation
    sites: list[Site]
    baselines: list[Schedule | None]


def schedule(
    texts: Sequence[str], cores: Sequence[int], policy: Policy
) -> list[Answered | TlmError]:
    """What becomes of executables, each for a number of cores; a policy is asked about all at once.

    Where something fails, the error stands in place of the answer.
    """
    if not texts:
        return []
    session = Session([])
    point = Lowering(specialize=False)
    found = [
        _read(session, point, text, count) for text, count in zip(texts, cores, strict=True)
    ]
    readings = [read for read in found if isinstance(read, _Read)]
    sites = [site for read in readings for site in read.sites]
    known = {
        id(site): baseline
        for read in readings
        for site, baseline in zip(read.sites, read.baselines, strict=True)
    }
    try:
        outcomes = iter(decide(sites, lambda site: known[id(site)], policy))
    except TlmError as error:
        return [error for _ in texts]
    return [
        _applied(session, point, read, [next(outcomes) for _ in read.sites])
        if isinstance(read, _Read)
        else read
        for read in found
    ]


def _read(session: Session, point: Lowering, text: str, cores: int) -> _Read | TlmError:
    try:
        module = session.parse_text(text, "the executable")
        if len(executables(module)) != 1:
            raise InputError("the input is not one executable; let iree-compile call the filter")
        sites = point.find(module, cores)
        configured = session.run(module.clone().operation, SOURCES, CONFIGURED)
        texts = configurations(configured)
        return _Read(module, sites, [read_back(site, texts) for site in sites])
    except TlmError as error:
        return error


def _applied(
    session: Session, point: Lowering, read: _Read, outcomes: Sequence[Outcome]
) -> Answered | TlmError:
    scheduled = sum(outcome.outcome == SCHEDULED for outcome in outcomes)
    if not any(outcome.outcome in (SCHEDULED, DEFAULT) for outcome in outcomes):
        return Answered("", 0, len(outcomes))
    try:
        point.apply(read.module, read.sites, [outcome.schedule for outcome in outcomes])
        if scheduled:
            # No one compiles again without it: what IREE refuses must not leave.
            session.run(read.module.clone().operation, SOURCES, TRANSLATED)
    except CompileError as error:
        return error
    (executable,) = executables(read.module)
    text = executable.get_asm(enable_debug_info=True, use_local_scope=True)
    return Answered(f"{text}\n", scheduled, len(outcomes))
