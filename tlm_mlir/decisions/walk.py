# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The walk through IREE's phases, with a stop at each decision point.

Compiling, measuring and collecting walk alike; what they decide at a stop is their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from iree.compiler import ir

from ..iree.session import Session
from ..language.schedule import Schedule
from .caches import Caches, find_sites
from .point import DecisionPoint, Site

Decide = Callable[[DecisionPoint, ir.Operation, list[Site]], Sequence[Schedule | None]]
"""(point, module at its phase, sites) -> a schedule for each site; None leaves it to IREE."""
Timed = Callable[[str], AbstractContextManager[None]]
"""Adds the time of a block to a part of a compile, by name."""
COMPILING, APPLYING = "iree: to dispatches", "graph"


def _untimed(part: str) -> AbstractContextManager[None]:
    return nullcontext()


def flags(points: Sequence[DecisionPoint]) -> list[str]:
    """The flags that a session needs for some points."""
    return [flag for point in points for flag in point.flags]


def walk(
    session: Session,
    module: ir.Operation,
    start: str | None,
    points: Sequence[DecisionPoint],
    decide: Decide,
    cores: int,
    timed: Timed = _untimed,
    caches: Caches | None = None,
) -> str | None:
    """Compiles a module in place to the last of some points, all of which it applies.

    The module stands at the end of the phase `start`, None for its input. Returns the phase at
    whose end it then stands. CPUs have the `caches` that are given, else what is known of them.
    Raises CompileError with IREE's first diagnostic; the module is then unusable.
    """
    at = start
    for point in points:
        if at != point.phase:
            with timed(COMPILING):
                session.run(module, at, point.phase)
            at = point.phase
        with timed(APPLYING):
            sites = find_sites(point, module, cores, caches)
        schedules = decide(point, module, sites)
        with timed(APPLYING):
            point.apply(module, sites, schedules)
    return at
