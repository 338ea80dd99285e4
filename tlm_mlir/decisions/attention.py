# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How an attention is computed, decided at the end of the phase `preprocessing`.

IREE makes one dispatch of an attention, which goes through the keys step by step and keeps no
scores. Decomposed, it is two contractions, which are then decided about like any other, and a
softmax: faster, unless the scores are too many for the caches.
"""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir

from ..ir.graph import find_attentions
from ..ir.workload import Workload
from ..iree.phases import PREPROCESSING
from ..language.schedule import LEAVE, Schedule
from ..targets.cpu.attention_clocks import decomposed_clocks, one_dispatch_clocks
from ..targets.target import CpuTarget
from .decompose_attention import decompose_attentions
from .estimate_packing import HERTZ
from .graph import OptionQuestion, chosen, find_sites
from .point import DecisionPoint, Site

DECOMPOSED = "graph:decomposed"


class AttentionQuestion(OptionQuestion):
    """Whether an attention is decomposed."""

    sketched = DECOMPOSED

    def options(self, workload: Workload) -> tuple[str, ...]:
        """What is static, and of f32: of other types the scores would be rounded."""
        floats = all(operand.dtype == "f32" for operand in workload.root_op.inputs[:3])
        return (LEAVE, DECOMPOSED) if workload.static and floats else (LEAVE,)

    def seconds(
        self, workload: Workload, target: CpuTarget, sources: Sequence[str], option: str
    ) -> float:
        """Seconds of an attention by `attention_clocks`."""
        clocks = decomposed_clocks if option == DECOMPOSED else one_dispatch_clocks
        return clocks(workload, target) / HERTZ


QUESTION = AttentionQuestion()


class Attention(DecisionPoint):
    """The form of each static attention of a program."""

    name = "attention"
    phase = PREPROCESSING

    def find(self, module: ir.Operation, cores: int) -> list[Site]:
        """The attentions of a module."""
        return find_sites(self.name, QUESTION, module, find_attentions(module), cores)

    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        """Decomposes attentions; the others stay exactly as they are."""
        picked = chosen(sites, schedules)
        decompose_attentions(module, [sites[place].operation for place in picked])
