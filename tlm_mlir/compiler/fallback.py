# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finding out which choices keep a program from compiling.

A choice is tried together with others in a copy of the program, which is compiled as far as code
generation goes. Executables that were compiled once are not compiled again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from iree.compiler import ir

from ..decisions.caches import Caches, find_sites
from ..decisions.point import DecisionPoint, Site
from ..decisions.walk import walk
from ..errors import CompileError
from ..iree.executables import alone, executables
from ..iree.locations import diagnosed_places, source_places
from ..iree.module import symbol
from ..iree.phases import SOURCES, TRANSLATED
from ..iree.session import Session
from ..language.schedule import Schedule
from ..policy.deciding import Outcome

Fails = Callable[[frozenset[int]], "Failure | None"]
"""Whether a program fails to compile under some choices, by their places, and how."""


@dataclass(frozen=True)
class Failure:
    """Why a program does not compile: IREE's first diagnostic, and the places in the source that it
    is about, as far as that is known."""

    reason: str
    places: frozenset[str] = frozenset()


def culprits(chosen: Sequence[int], suspects: Sequence[int], fails: Fails) -> dict[int, str]:
    """Choices without which a program compiles, and how each fails beside those that stay.

    `chosen` are the places of all choices, `suspects` those to doubt first. The others stay in any
    case. Takes about 2 k log2(n) trials for k culprits among n choices, two for one that is
    suspected. The program compiles without any choice.
    """
    found: dict[int, str] = {}

    def kept(before: frozenset[int], some: Sequence[int]) -> frozenset[int]:
        """`before`, which compiles, and all of some choices that compile beside them."""
        if not some:
            return before
        failure = fails(before | frozenset(some))
        if failure is None:
            return before | frozenset(some)
        if len(some) == 1:
            found[some[0]] = failure.reason
            return before
        half = len(some) // 2
        return kept(kept(before, some[:half]), some[half:])

    rest = [place for place in chosen if place not in suspects]
    kept(kept(frozenset(), rest), suspects)
    return found


class Trials:
    """Tries choices in copies of a program.

    A trial ends where code is generated for all executables; a `whole` one goes on to the end.
    Later points than the one on trial leave everything to IREE.
    """

    def __init__(
        self,
        session: Session,
        points: Sequence[DecisionPoint],
        cores: int,
        caches: Caches | None,
        known: dict[str, Failure | None],
        *,
        whole: bool = False,
    ) -> None:
        """`known` keeps how executables fail, None for those that compile, by their digest."""
        self._session, self._points, self._whole = session, points, whole
        self._cores, self._caches = cores, caches
        self._known = known
        self.failed = False
        """Whether any choices were found to keep the program from compiling."""
        self.hopeless = False
        """Whether it does not compile without any, either."""

    def settle(
        self, point: DecisionPoint, module: ir.Operation, outcomes: Sequence[Outcome]
    ) -> list[Outcome]:
        """The outcomes with which a module at a point's phase compiles: culprits fall back."""
        chosen = [place for place, outcome in enumerate(outcomes) if outcome.schedule is not None]

        @cache
        def fails(allowed: frozenset[int]) -> Failure | None:
            some = [o.schedule if place in allowed else None for place, o in enumerate(outcomes)]
            return self._try(point, module.clone().operation, some)

        # Whole programs take long: first what tells most.
        if chosen and self._whole and fails(frozenset()) is not None:
            self.hopeless = True
        if not chosen or self.hopeless:
            return list(outcomes)
        failure = fails(frozenset(chosen))
        if failure is None:
            return list(outcomes)
        self.failed = True
        if fails(frozenset()) is not None:
            self.hopeless = True
            return list(outcomes)
        suspects = [
            place
            for place in chosen
            if source_places(outcomes[place].site.operation) & failure.places
        ]
        found = culprits(chosen, suspects, fails)
        return [
            outcome.fall_back(found[place]) if place in found else outcome
            for place, outcome in enumerate(outcomes)
        ]

    def _try(
        self, point: DecisionPoint, copy: ir.Operation, schedules: Sequence[Schedule | None]
    ) -> Failure | None:
        """How a module at a point's phase fails under some schedules, None where it compiles."""
        later = self._points[self._points.index(point) + 1 :]
        try:
            sites = find_sites(point, copy, self._cores, self._caches)
            point.apply(copy, sites, schedules)
            at = walk(self._session, copy, point.phase, later, leave_all, self._cores)
            if at != SOURCES:
                self._session.run(copy, at, SOURCES)
            failure = self._translate(copy)
            if failure is None and self._whole:
                self._session.run(copy, SOURCES, None)
            return failure
        except CompileError as error:
            return Failure(str(error), diagnosed_places(str(error)))

    def _translate(self, module: ir.Operation) -> Failure | None:
        """How the executables of a module fail to be compiled, each by itself."""
        all_ = {_digest(executable): executable for executable in executables(module)}
        self._sort_out([item for item in all_.items() if item[0] not in self._known])
        failures = [found for digest in all_ if (found := self._known[digest]) is not None]
        if not failures:
            return None
        places = frozenset().union(*(failure.places for failure in failures))
        return Failure(failures[0].reason, places)

    def _sort_out(self, some: Sequence[tuple[str, ir.Operation]]) -> None:
        """Compiles executables together, and in halves where they fail."""
        if not some:
            return
        try:
            self._session.run(alone(*(op for _, op in some)), SOURCES, TRANSLATED)
        except CompileError as error:
            if len(some) == 1:
                ((digest, executable),) = some
                self._known[digest] = Failure(str(error), source_places(executable))
                return
            half = len(some) // 2
            self._sort_out(some[:half])
            self._sort_out(some[half:])
        else:
            self._known |= dict.fromkeys(digest for digest, _ in some)


def leave_all(
    point: DecisionPoint, module: ir.Operation, sites: Sequence[Site]
) -> list[Schedule | None]:
    """Leaves everything to IREE."""
    return [None for _ in sites]


def _digest(executable: ir.Operation) -> str:
    """A digest of an executable's text without its name, which depends on other dispatches."""
    text = str(executable).replace(symbol(executable), "")
    return hashlib.sha256(text.encode()).hexdigest()
