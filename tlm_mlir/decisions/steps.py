# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How an argmax is computed, decided at the end of the phase `global-optimization`.

The place of a maximum depends on the maximum so far, so that IREE's code for it is scalar. In steps
(the maximum, then the first place that has it) it is several reductions that IREE vectorizes.
"""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir

from ..ir.extreme import extreme
from ..ir.graph import find_extremes
from ..ir.workload import Workload
from ..iree.phases import GLOBAL_OPTIMIZATION
from ..language.schedule import LEAVE, Schedule
from ..targets.cpu.extreme_clocks import one_op_clocks, steps_clocks
from ..targets.target import CpuTarget
from .estimate_packing import HERTZ
from .extreme_in_steps import in_steps
from .graph import OptionQuestion, chosen, find_sites
from .point import DecisionPoint, Site

STEPS = "graph:steps"
TYPES = ("f32", "i8", "i32")
"""Elements of which steps are faster: of 16-bit floats IREE's maximum is scalar, too."""


class StepsQuestion(OptionQuestion):
    """Whether an argmax is computed in steps."""

    sketched = STEPS

    def options(self, workload: Workload) -> tuple[str, ...]:
        """What is static and of a type that vectors have."""
        found = extreme(workload)
        served = workload.static and workload.root_op.inputs[0].dtype in TYPES
        return (LEAVE, STEPS) if found and served else (LEAVE,)

    def seconds(
        self, workload: Workload, target: CpuTarget, sources: Sequence[str], option: str
    ) -> float:
        """Seconds of an argmax by `extreme_clocks`."""
        found = extreme(workload)
        assert found is not None
        clocks = steps_clocks if option == STEPS else one_op_clocks
        return clocks(workload, target, found) / HERTZ


QUESTION = StepsQuestion()


class Steps(DecisionPoint):
    """The form of each static argmax and argmin of a program."""

    name = "steps"
    phase = GLOBAL_OPTIMIZATION

    def find(self, module: ir.Operation, cores: int) -> list[Site]:
        """What an argmax or an argmin computes, in a module."""
        return find_sites(self.name, QUESTION, module, find_extremes(module), cores)

    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        """Rewrites those that are chosen; the others stay exactly as they are."""
        for place in chosen(sites, schedules):
            workload = sites[place].workload
            found = extreme(workload) if workload else None
            assert found is not None
            in_steps(sites[place].operation, found)
