# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packing of contractions (data tiling), decided at the end of the phase `global-optimization`.

The operands of a packed contraction are laid out so that the innermost kernel reads them in order.
What is constant is packed once, when the program loads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iree.compiler import ir

from ..ir.graph import find_contractions, functions
from ..ir.workload import Workload
from ..iree.flags import DATA_TILING
from ..iree.phases import GLOBAL_OPTIMIZATION
from ..language.schedule import LEAVE, Schedule
from ..targets.features import Features
from ..targets.target import CpuTarget
from ..targets.task import Task
from .estimate_packing import seconds
from .graph import LearnedQuestion, chosen, find_sites
from .graph_features import of_contraction
from .point import DecisionPoint, Site

TILED, BOOLEAN = "graph:tiled", "i1"
HINT = "iree.opt.data_tiling"


class PackingQuestion(LearnedQuestion):
    """Whether a contraction is packed."""

    names = (TILED,)

    def options(self, workload: Workload) -> tuple[str, ...]:
        """Data tiling for what is static, but for operands of i1, which IREE fails to pack."""
        root = workload.root_op
        refused = any(operand.dtype == BOOLEAN for operand in (*root.inputs, *root.outputs))
        return (LEAVE, TILED) if workload.static and not refused else (LEAVE,)

    def seconds(
        self, workload: Workload, target: CpuTarget, sources: Sequence[str], option: str
    ) -> float:
        """Seconds of a contraction by `estimate_packing`."""
        return seconds(workload, target, sources, option == TILED)

    def family(self, task: Task[Any]) -> str:
        """A cost model of its own."""
        return Packing.name

    def of_op(self, task: Task[Any]) -> Features:
        """Features of a contraction."""
        return of_contraction(task.workload, task.target, self.sources(task))


QUESTION = PackingQuestion()


class Packing(DecisionPoint):
    """The packing of each contraction that IREE could data-tile.

    Every function carries a hint as well, without which IREE would tile all it can in it.
    """

    name = "packing"
    phase = GLOBAL_OPTIMIZATION
    flags = (DATA_TILING,)

    def find(self, module: ir.Operation, cores: int) -> list[Site]:
        """The contractions of a module."""
        return find_sites(self.name, QUESTION, module, find_contractions(module), cores)

    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        """Hints which contractions IREE is to tile."""
        picked = chosen(sites, schedules)
        with module.context:
            hint = ir.UnitAttr.get()
        for function in functions(module):
            function.attributes[HINT] = hint
        for place in picked:
            sites[place].operation.attributes[HINT] = hint
