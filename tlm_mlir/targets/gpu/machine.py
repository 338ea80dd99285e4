# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A GPU's compute unit, as the static estimates count its work; families are rows of a table."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..target import GpuTarget


@dataclass(frozen=True)
class Machine:
    """A compute unit of a family of GPUs, where their `GpuTarget` does not tell."""

    lanes: int
    """Operations that it issues in a cycle, and the bytes that its first cache and its shared
    memory move."""
    multiply: int
    """Products that its matrix units form in a cycle."""
    sector: int
    """Bytes that a cache moves at least."""
    banks: int
    """Words of four bytes that shared memory moves at once, each from another bank."""
    second_cache: int
    """Bytes a cycle from the second cache."""
    memory: int
    """Bytes a cycle from memory."""
    resident: int
    """Most invocations that it holds."""
    groups: int
    """Most workgroups that it holds."""
    registers: int
    """Registers that it has, in words."""
    most_registers: int
    """Most registers of an invocation."""
    overhead: int
    """Registers of an invocation that hold addresses and counters."""
    copied: int
    """Bytes that an invocation loads with one instruction at most."""
    load_latency: int
    """Cycles that a load from memory takes."""
    shared_latency: int
    """Cycles that a load from shared memory takes."""
    add_latency: int
    """Cycles until a sum is there."""
    multiply_latency: int
    """Cycles until the result of a matrix unit's instruction is there."""
    barrier: int
    """Cycles that a barrier takes."""
    units: int
    """Compute units of a GPU whose number IREE does not tell."""


NVIDIA = Machine(
    lanes=128,
    multiply=1024,
    sector=32,
    banks=32,
    second_cache=64,
    memory=16,
    resident=2048,
    groups=32,
    registers=65536,
    most_registers=255,
    overhead=32,
    copied=16,
    load_latency=300,
    shared_latency=30,
    add_latency=4,
    multiply_latency=33,
    barrier=40,
    units=64,
)
"""Data-center GPUs of NVIDIA (CUDA C++ Programming Guide, tables of compute capabilities; Jia et
al. 2018, "Dissecting the NVIDIA Volta GPU Architecture via Microbenchmarking"; NVIDIA A100 Tensor
Core GPU Architecture, 2020; Sun et al. 2022, "Dissecting Tensor Cores via Microbenchmarks")."""
MACHINES: dict[str, Machine] = {"cuda": NVIDIA, "vulkan-spirv": NVIDIA}
"""The family by backend. Nothing but the limits in `GpuTarget` tells GPUs of one apart."""


def machine(target: GpuTarget) -> Machine:
    """The family of a GPU."""
    return MACHINES[target.backend]


@dataclass(frozen=True)
class Demand:
    """What a dispatch asks of a GPU under a schedule, as far as that can be told beforehand.

    `threads` and bytes of `shared` memory are those of a workgroup, `registers` the words of an
    invocation. The others count cycles of a compute unit for one workgroup: `multiply` on matrix
    units, `issue` of instructions, `near` in the first cache or shared memory, `far` in the second
    cache, and `waits` where it is alone. `moved` are the bytes that the whole dispatch reads from
    memory and writes there.
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


def units(target: GpuTarget) -> int:
    """Compute units of a GPU."""
    return target.units or machine(target).units


def allowed_registers(target: GpuTarget, demand: Demand) -> int:
    """Registers that an invocation may have: a workgroup's invocations are there at once, so the
    larger it is, the fewer."""
    unit = machine(target)
    invocations = -(-demand.threads // target.subgroup) * target.subgroup
    return min(unit.most_registers, unit.registers // invocations)


def resident(target: GpuTarget, demand: Demand) -> int:
    """Workgroups that a compute unit holds at once."""
    warps = -(-demand.threads // target.subgroup)
    registers = min(demand.registers, allowed_registers(target, demand))
    return held(target, warps, registers, demand.shared)


def cycles(target: GpuTarget, demand: Demand) -> float:
    """Cycles that the dispatch takes: the longer of throughput and latency, about."""
    spill = max(1.0, demand.registers / allowed_registers(target, demand)) ** 2
    each = -(-demand.workgroups // units(target))
    busy = max(demand.multiply, demand.issue * spill, demand.near * spill, demand.far)
    latency = -(-each // resident(target, demand)) * demand.waits
    streamed = demand.moved / machine(target).memory / units(target)
    return math.hypot(max(each * busy, streamed), latency)


def held(target: GpuTarget, warps: int, registers: float, shared: float) -> int:
    """Workgroups of so many warps, registers of an invocation and bytes in shared memory that a
    compute unit holds at once."""
    unit, size = machine(target), warps * target.subgroup
    most = min(unit.groups, unit.resident // size, int(unit.registers / (registers * size)))
    if shared:
        most = min(most, int(target.shared / shared))
    return max(1, most)
