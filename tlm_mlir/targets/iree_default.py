# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IREE's own choices for dispatches, read back as schedules: what a schedule has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ..errors import CompileError
from ..ir.dispatch import find_dispatches
from ..ir.workload import Workload
from ..iree.executable_target import attribute_in, attribute_of, exchanged
from ..iree.executables import configurations
from ..iree.flags import cpu
from ..iree.phases import CONFIGURED, SOURCES
from ..iree.session import Session
from ..language.schedule import Schedule
from . import registry
from .cpu.host import cpu_target
from .dispatches import swap_operands
from .target import CpuTarget, Target

_LEVELS = {128: "x86-64-v2", 256: "x86-64-v3", 512: "x86-64-v4"}
"""CPUs that stand for all of a vector width (in bits): IREE's choices depend on little else."""


class IreeDefault:
    """What IREE chooses for dispatches that stand alone, as in a corpus."""

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
                swap_operands(dispatch)
        try:
            module = self._session.run(module, SOURCES, CONFIGURED)
        except CompileError:
            return None
        (text,) = configurations(module).values()
        return registry.task(workload, target).read_back(text)


def for_vectors(source: str, target: CpuTarget) -> str:
    """A dispatch's text for a CPU of the target's vector width; as it is where it is for one.

    Raises InputError where it begins with no target.
    """
    if cpu_target(attribute_in(source), 1).vector_bits == target.vector_bits:
        return source
    return exchanged(source, _standing_for(target.vector_bits))


@cache
def _standing_for(bits: int) -> str:
    return attribute_of(cpu(_LEVELS[bits]))
