# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""vulkan-spirv: how far loads to shared memory run ahead of the sums that need them."""

from __future__ import annotations

from collections.abc import Sequence

from ...iree.attributes import Configured
from ...language.schedule import Decision, Schedule

STAGES = ("store:0", "store:1")
DEPTHS = ("depth:1", "depth:2", "depth:3")


def pipeline_options(schedule: Schedule) -> Sequence[str]:
    """Entries of the translation info."""
    stage, depth = (schedule.choice(knob).partition(":")[2] for knob in ("stage", "depth"))
    return (f"pipeline_depth = {depth} : i64", f"store_stage = {stage} : i64")


def stages_of(configured: Configured) -> list[Decision]:
    """What IREE chose, as the knobs say it; it says nothing of one step, in the second stage."""
    options = configured.translation.options
    stage, depth = options.get("store_stage", 1), options.get("pipeline_depth", 1)
    return [
        Decision("stage", -1, STAGES[min(1, stage)]),
        Decision("depth", -1, DEPTHS[min(3, max(1, depth)) - 1]),
    ]
