# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A GPU's compute unit, as the static estimates count its work.

The constants are those of NVIDIA's data-center GPUs (CUDA C++ Programming Guide, tables of compute
capabilities; Jia et al. 2018, "Dissecting the NVIDIA Volta GPU Architecture via
Microbenchmarking"); for other GPUs only the limits in `GpuTarget` differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..ir.workload import Operand, Workload
from .target import GpuTarget

LANES = 128
"""Operations that a compute unit issues in a cycle, and the bytes that its first cache and its
shared memory move."""
SECTOR = 32
"""Bytes that a cache moves at least."""
BANKS = 32
"""Words of four bytes that shared memory moves at once, each from another bank."""
SECOND_CACHE = 64
"""Bytes a cycle that a compute unit gets from the second cache, and from memory..."""
MEMORY = 16
RESIDENT = 2048
"""Most invocations that a compute unit holds, and..."""
GROUPS = 32
"""...most workgroups."""
REGISTERS = 65536
"""Of a compute unit, in words; an invocation has at most..."""
MOST_REGISTERS = 255
OVERHEAD_REGISTERS = 32
"""...of which so many hold addresses and counters."""
LOAD_LATENCY, SHARED_LATENCY, BARRIER = 300, 30, 40
"""Cycles."""
UNKNOWN_UNITS = 64
"""Compute units of a GPU whose number IREE does not tell."""
COPIED = 16
"""Bytes that an invocation loads with one instruction at most."""


@dataclass(frozen=True)
class Demand:
    """What a dispatch asks of a GPU under a schedule, as far as that can be told beforehand.

    `threads` and bytes of `shared` memory are those of a workgroup, `registers` the words of an
    invocation. For one workgroup: the cycles of a compute unit on its matrix units (`multiply`), to
    `issue` its instructions, in the first cache or shared memory (`near`) and from the second cache
    (`far`), and the cycles that it `waits` where it is alone. `moved` are the bytes that the whole
    dispatch reads from memory and writes there.
    """

    workgroups: int
    threads: int
    registers: float
    shared: float
    multiply: float
    issue: float
    near: float
    far: float
    waits: float
    moved: float


def allowed_registers(target: GpuTarget, demand: Demand) -> int:
    """Registers that an invocation may have: a workgroup's invocations are there at once, so the
    larger it is, the fewer."""
    invocations = -(-demand.threads // target.subgroup) * target.subgroup
    return min(MOST_REGISTERS, REGISTERS // invocations)


def resident(target: GpuTarget, demand: Demand) -> int:
    """Workgroups that a compute unit holds at once."""
    warps = -(-demand.threads // target.subgroup)
    registers = min(demand.registers, allowed_registers(target, demand))
    return held(target, warps, registers, demand.shared)


def cycles(target: GpuTarget, demand: Demand) -> float:
    """Cycles that the dispatch takes: the longer of throughput and latency, about."""
    spill = max(1.0, demand.registers / allowed_registers(target, demand)) ** 2
    units = target.units or UNKNOWN_UNITS
    each = -(-demand.workgroups // units)
    busy = max(demand.multiply, demand.issue * spill, demand.near * spill, demand.far)
    latency = -(-each // resident(target, demand)) * demand.waits
    return math.hypot(max(each * busy, demand.moved / MEMORY / units), latency)


def held(target: GpuTarget, warps: int, registers: float, shared: float) -> int:
    """Workgroups of so many warps, registers of an invocation and bytes in shared memory that a
    compute unit holds at once."""
    size = warps * target.subgroup
    most = min(GROUPS, RESIDENT // size, int(REGISTERS / (registers * size)))
    if shared:
        most = min(most, int(target.shared / shared))
    return max(1, most)


def spans(workload: Workload, operand: Operand, sizes: dict[int, int]) -> list[int]:
    """How many elements a tile covers along each index; all where a dim has no size."""
    extents = workload.extents
    return [
        1 + sum(abs(f) * (sizes.get(dim, extents[dim]) - 1) for dim, f in index.terms)
        for index in operand.indices
    ]


def moved(workload: Workload) -> float:
    """Bytes that the dispatch reads from memory and writes there, each once."""
    return sum(
        math.prod(spans(workload, operand, {})) * operand.bytes
        for op in workload.ops
        for operand in (*op.inputs, *op.outputs)
        if operand.source < 0
    )
