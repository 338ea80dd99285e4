# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IREE's own choices for dispatches, read back as schedules: what a schedule has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iree.compiler import ir

from ..errors import CompileError
from ..ir.dispatch import configurations, find_dispatches, rows_first
from ..ir.workload import Workload
from ..language.schedule import Schedule
from ..targets import registry
from ..targets.target import CpuTarget, Target
from .executable_target import for_vectors
from .session import CONFIGURED, SOURCES, Session


def own_choices(
    configured: ir.Operation, workloads: Mapping[str, Workload], target: Target
) -> dict[str, Schedule | None]:
    """What IREE chose for each dispatch of a module at CONFIGURED, by the dispatch's name.

    None where the space has nothing alike.
    """
    texts = configurations(configured)
    return {
        name: registry.imitate(workload, target, texts[name])
        for name, workload in workloads.items()
        if name in texts
    }


class OwnChoice:
    """The same for a dispatch that stands alone, as in a corpus."""

    def __init__(self, flags: Sequence[str]) -> None:
        self._session = Session(flags)

    def __call__(self, source: str, workload: Workload, target: Target) -> Schedule | None:
        """Compiles MLIR text with one dispatch up to IREE's choice (5 ms). None, too, where IREE
        refuses it. Contractions multiply rows by columns unless the workload says otherwise. Text
        for a CPU of other vectors becomes one for the target's: IREE's choice depends on them."""
        if isinstance(target, CpuTarget):
            source = for_vectors(source, target)
        module = self._session.parse_text(source)
        if not workload.root_op.columns_first:
            for dispatch in find_dispatches(module):
                rows_first(dispatch)
        try:
            module = self._session.run(module, SOURCES, CONFIGURED)
        except CompileError:
            return None
        (text,) = configurations(module).values()
        return registry.imitate(workload, target, text)
