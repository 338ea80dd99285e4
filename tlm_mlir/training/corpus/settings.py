# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Settings under which a network is compiled for a corpus, and its dispatches under one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iree.compiler import ir

from ...decisions.channels_last import LAST
from ...decisions.layout import Layout
from ...decisions.point import DecisionPoint, Site
from ...decisions.points import EARLY
from ...decisions.walk import flags as walk_flags
from ...decisions.walk import walk
from ...decisions.weights import BLOCK, PACKED, Weights
from ...errors import InputError
from ...ir.analysis import panels
from ...ir.dispatch import find_dispatches
from ...ir.workload import Workload
from ...iree.executables import standalone
from ...iree.flags import DATA_TILING, IM2COL, PREPROCESSING_PASSES, cpu
from ...iree.passes import CHANNELS_LAST
from ...iree.phases import SOURCES
from ...iree.session import Session
from ...language.integers import encode
from ...language.prompt import readable
from ...language.schedule import END, Schedule
from ...targets.cpu.host import cpu_target
from ...targets.cpu.panel_estimate import BLOCKS
from ...targets.dispatches import normalize, swap_operands

BASE_FLAGS = cpu("host")
_CHANNELS_LAST = f"{PREPROCESSING_PASSES}=builtin.module(util.func({CHANNELS_LAST}))"


@dataclass(frozen=True)
class Setting:
    """A way to compile a network up to its dispatches: by stock `flags`, or with weights packed in
    panels of `block` columns, convolutions with their channels last."""

    name: str
    flags: tuple[str, ...] = ()
    block: int = 0


SETTINGS = (
    Setting("default"),
    Setting("im2col", (IM2COL,)),
    Setting("channels-last", (_CHANNELS_LAST,)),
    Setting("data-tiling", (DATA_TILING,)),
    *(Setting("packed", block=block) for block in BLOCKS),
)
"""Settings under which a network's dispatches are taken."""


def read_network(
    path: Path, setting: Setting, *, rewrite: bool = True
) -> list[tuple[Workload, str]]:
    """(workload, standalone source) of each schedulable run-time dispatch of a network, as
    `compiler.driver.plan` sees it; without `rewrite` as IREE forms it. Where weights are packed,
    only of those that read such weights: the others are as under other settings."""
    module = _to_dispatches(path, setting)
    normalize(module)
    found = []
    for dispatch in find_dispatches(module):
        if rewrite:
            dispatch = swap_operands(dispatch)
        workload = dispatch.reading.workload
        if workload is None or dispatch.at_load or not workload.static:
            continue
        if setting.block and not panels(workload):
            continue
        if not readable(workload, cpu_target(dispatch.target, 2)):
            continue
        source = standalone(dispatch.executable, dispatch.name)
        if source is not None:
            found.append((workload, source))
    return found


def _to_dispatches(path: Path, setting: Setting) -> ir.Operation:
    """A network's module at the phase where dispatches are asked about."""
    points = EARLY if setting.block else ()
    session = Session([*BASE_FLAGS, *setting.flags, *walk_flags(points)])
    module = session.parse(path)

    def decide(
        point: DecisionPoint, module: object, sites: Sequence[Site]
    ) -> list[Schedule | None]:
        return [_packing(point.name, site, setting.block) for site in sites]

    at = walk(session, module, None, points, decide, 2)
    return session.run(module, at, SOURCES)


def _packing(point: str, site: Site, block: int) -> Schedule | None:
    """What has the weights of a site packed; None for a site that it does not concern."""
    words = {Layout.name: [LAST, END], Weights.name: [PACKED, BLOCK, *encode(block), END]}
    if site.task is None or point not in words:
        return None
    try:
        return site.task.decode(words[point])
    except InputError:  # Such a block, or channels last, is not open for it.
        return None
