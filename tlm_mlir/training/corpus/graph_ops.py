# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ops of exported networks that are decided about before dispatches are formed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ...decisions.layout import IM2COL, Layout
from ...decisions.point import DecisionPoint, Site
from ...decisions.points import EARLY
from ...decisions.walk import walk
from ...iree.session import Session
from ...language.schedule import END, Schedule
from .entries import root_key
from .networks import HELD_OUT, HELD_OUT_HALF
from .settings import BASE_FLAGS


def visit_network(path: Path, cores: int, visit: Callable[[Site], None]) -> None:
    """Visits all convolutions of a network, then its contractions as they are and where
    convolutions have become matmuls.

    A site's operation is valid during its visit.
    """
    for gathered in (False, True):
        session = Session(BASE_FLAGS)
        found = 0

        def decide(
            point: DecisionPoint, module: object, sites: Sequence[Site], gathered: bool = gathered
        ) -> list[Schedule | None]:
            nonlocal found
            if gathered and point.name == Layout.name:
                found = len(sites)
                return [_im2col(site) for site in sites]
            if not gathered or found:
                for site in sites:
                    visit(site)
            return [None for _ in sites]

        walk(session, session.parse(path), None, EARLY, decide, cores)


def visit_program(text: str, cores: int, visit: Callable[[Site], None]) -> None:
    """Visits the ops of a program that are decided about, all left to IREE.

    A site's operation is valid during its visit.
    """
    session = Session(BASE_FLAGS)

    def decide(_: DecisionPoint, module: object, sites: Sequence[Site]) -> list[Schedule | None]:
        for site in sites:
            visit(site)
        return [None for _ in sites]

    walk(session, session.parse_text(text, "the program"), None, EARLY, decide, cores)


def _im2col(site: Site) -> Schedule | None:
    """The schedule that makes a convolution a matmul, None where it cannot become one."""
    if site.task is None or IM2COL not in site.task.grammar().cursor().allowed():
        return None
    return site.task.decode([IM2COL, END])


def held_out_keys(folder: Path) -> set[str]:
    """Root keys of every graph op of the held-out networks."""
    found: set[str] = set()

    def visit(site: Site) -> None:
        if site.workload:
            found.add(root_key(site.workload))

    for name in HELD_OUT | HELD_OUT_HALF:
        visit_network(folder / f"{name}.mlir", 1, visit)
    return found
