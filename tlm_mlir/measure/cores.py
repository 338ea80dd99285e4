# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""On which cores the programs of this process run."""

from __future__ import annotations

import os

from ..errors import MeasureError


def first_cores(count: int) -> list[int]:
    """The first cores that this process may use. Raises MeasureError where there are fewer."""
    cores = sorted(os.sched_getaffinity(0))
    if not 1 <= count <= len(cores):
        raise MeasureError(
            f"{count} threads are asked for and {len(cores)} cores may be used; ask for no more"
            " threads than cores"
        )
    return cores[:count]


def pin_workers(threads: int) -> None:
    """Has IREE's device `local-task` run on one thread for each of the first cores.

    It holds for devices that are made from then on, in this process.
    """
    from iree import runtime

    chosen = ",".join(map(str, first_cores(threads)))
    runtime.flags.parse_flags(f"--task_topology_cpu_ids={chosen}")
