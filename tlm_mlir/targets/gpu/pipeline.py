# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the pipelines of GPUs share: a dispatch is cut twice, into workgroups and invocations.

IREE checks neither that an invocation (thread) has work nor that a workgroup fits the device, so
every size here divides what it cuts, and their products stay within the device's limits.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import ClassVar

from ...ir.workload import IteratorKind, Workload
from ...iree.attributes import LOWERING, Configured
from ...language.schedule import Schedule
from ...language.space import Pick, Step
from ..backend import Configuration
from ..target import GpuTarget
from ..task import Task
from .machine import Demand

GpuTask = Task[GpuTarget]
MAX_RESULTS = 64
"""Most results of one invocation: more do not fit its registers."""
MAX_BODY = 256
"""Most points of one invocation's unrolled sum, as many as IREE's own choices have."""
MAX_SPREAD = 4096
"""Most points that one invocation computes of an op whose loops the root op has not all."""


class GpuPipeline(ABC):
    """A pipeline of a GPU."""

    token: ClassVar[str]
    number: ClassVar[int]

    def suits(self, workload: Workload) -> bool:
        """Attentions have pipelines of their own."""
        return workload.root_op.kind != "attention"

    def any_length(self, workload: Workload) -> Collection[int]:
        """Dims whose extents may be dynamic: none."""
        return ()

    @abstractmethod
    def applies(self, task: GpuTask) -> bool:
        """Whether it can lower a dispatch."""

    @abstractmethod
    def knobs(self, task: GpuTask) -> Step[None]:
        """The decisions after it was chosen."""

    @abstractmethod
    def configure(self, task: GpuTask, schedule: Schedule) -> Configuration:
        """What a schedule becomes in the IR."""

    @abstractmethod
    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """The decisions in a configuration of IREE's; None for another pipeline's. They need not be
        of the space: IREE masks tiles that do not divide."""

    @abstractmethod
    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """What a dispatch asks of a device under a schedule, which need not be of the space."""


def divisors(extent: int, high: int, low: int = 1, unit: int = 1) -> tuple[int, ...]:
    """The divisors of an extent within bounds that are multiples of a unit, smallest first."""
    small = [n for n in range(1, math.isqrt(extent) + 1) if extent % n == 0]
    found = {*small, *(extent // n for n in small)}
    return tuple(sorted(n for n in found if low <= n <= high and n % unit == 0))


def twos(number: int) -> int:
    """How often two divides a number."""
    return (number & -number).bit_length() - 1


def cut(
    name: str,
    dims: Sequence[int],
    extents: dict[int, int],
    most: int,
    limits: Sequence[int] = (),
) -> Step[dict[int, int]]:
    """Picks a divisor of each extent, the innermost dim first, their product at most `most`.

    `limits` bound the first dims one by one. Returns the sizes by dim.
    """
    sizes = {}
    for place, dim in enumerate(dims):
        high = min(most, limits[place]) if place < len(limits) else most
        sizes[dim] = yield Pick(name, dim, divisors(extents[dim], max(high, 1)))
        most //= sizes[dim]
    return sizes


def innermost_first(workload: Workload, kind: IteratorKind) -> list[int]:
    """Dims of the root of one kind that have more than one point."""
    dims = reversed(workload.root_op.dims(kind))
    return [dim for dim in dims if workload.extents[dim] > 1]


def served(workload: Workload) -> bool:
    """Whether there is something to share out: static shapes, tensors, no attention, and more than
    one result (IREE crashes on a tiled sum over everything)."""
    if not workload.static or workload.buffers or workload.root_op.kind == "attention":
        return False
    return any(workload.extents[dim] > 1 for dim in workload.root_op.dims("parallel"))


def tiles(workload: Workload, schedule: Schedule) -> tuple[list[int], list[int], list[int]]:
    """Sizes along the root's loops of a workgroup's, an invocation's and a step's tile; zero where
    a loop has none."""
    root = workload.root_op
    parallel = set(root.dims("parallel"))
    thread = [schedule.size("thread", d, 1) if d in parallel else 0 for d in root.loops]
    group = [
        size * schedule.size("group", dim, 1) for dim, size in zip(root.loops, thread, strict=True)
    ]
    reduce = [0 if d in parallel else schedule.size("reduce", d, 1) for d in root.loops]
    return group, thread, reduce


def at_root(workload: Workload, config: str) -> tuple[dict[str, str], ...]:
    """The attributes of ops of which the root alone has a config: IREE fuses the others."""
    places = range(len(workload.ops))
    return tuple({LOWERING: config} if place == workload.root else {} for place in places)
