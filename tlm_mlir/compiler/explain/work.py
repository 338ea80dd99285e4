# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Work: what ops and dispatches compute and move, and the least time that hardware needs for it."""

from __future__ import annotations

from dataclasses import dataclass

from ...ir.traffic import moved
from ...ir.workload import Workload
from ...targets.cpu.matmul_clocks import LINE, LINES
from ...targets.gpu.machine import machine, units
from ...targets.target import CpuTarget, GpuTarget, Target

MULTIPLY_ADDS = 2
"""Vectors that a core multiplies and adds in a clock."""
FLOAT_BYTES = 4


@dataclass(frozen=True)
class Roof:
    """The most that hardware does in a clock, as the estimates assume: operations on 32-bit floats,
    and bytes from memory."""

    operations: float
    bytes: float

    def clocks(self, operations: float, bytes_: float) -> float:
        """The least clocks that some work takes."""
        return max(operations / self.operations, bytes_ / self.bytes)


@dataclass(frozen=True)
class Work:
    """What an op or a dispatch does in all its `launches` in a run of its program: scalar
    operations, and bytes from memory and to it, each element once."""

    launches: int
    operations: int
    bytes: int


def roof(target: Target) -> Roof | None:
    """The roof of a target; None where its kind is not known."""
    if isinstance(target, CpuTarget):
        lanes = target.vector_bytes // FLOAT_BYTES
        issued = MULTIPLY_ADDS * (2 if "fma" in target.features else 1)
        return Roof(float(target.cores * lanes * issued), target.cores * LINE / LINES[-1])
    if isinstance(target, GpuTarget):
        unit = machine(target)
        return Roof(2.0 * unit.lanes * units(target), float(unit.memory * units(target)))
    return None


def work(workload: Workload | None, launches: int) -> Work | None:
    """The work of a workload; None where it is not known before the program runs."""
    if workload is None or workload.dynamic or not workload.static:
        return None
    return Work(launches, launches * workload.flops, launches * moved(workload))
