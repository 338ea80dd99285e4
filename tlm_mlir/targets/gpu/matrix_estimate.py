# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The static estimate for schedules of matrix units, in the cycles of `gpu_estimate`.

A step of a warp loads its inputs from shared memory as `mma.sync` wants them in registers (PTX ISA,
fragments of m16n8k16): where an input runs along the sum, two elements at once, else one by one.
"""

from __future__ import annotations

import math

from ...ir.workload import Workload
from ..target import GpuTarget
from .intrinsics import ELEMENT
from .machine import Demand, machine
from .matrix import Tiles

LANES_A_ROW = 4
"""Lanes that share a row of 8 words in a fragment."""


def demand(workload: Workload, target: GpuTarget, tiles: Tiles, bytes_: float) -> Demand:
    """What a matmul asks for when workgroups are built so, which moves so many `bytes_` from and to
    memory."""
    unit, root, dims, size = machine(target), workload.root_op, tiles.dims, tiles.sizes
    rows, columns, depth = tiles.unit
    warps, threads = tiles.rows * tiles.columns, tiles.rows * tiles.columns * target.subgroup
    workgroups = math.prod(
        -(-workload.extents[dim] // size.get(dim, 1)) for dim in root.dims("parallel")
    )
    steps = math.prod(
        -(-workload.extents[dim] // size.get(dim, 1)) for dim in root.dims("reduction")
    )
    loads = reads = 0.0
    edges = {dims.m: tiles.high * rows, dims.n: tiles.wide * columns}
    for operand in root.inputs:
        (dim,) = edges.keys() & {index.dim for index in operand.indices}
        elements = edges[dim]
        along = operand.indices[-1].dim == dims.k
        row = size[dims.k if along else dim] * ELEMENT + tiles.pad
        words = elements * tiles.deep * depth * ELEMENT / 4 / target.subgroup
        instructions = words if along else 2 * words
        loads += instructions
        reads += instructions * _conflicts(row, along, unit.banks)
    moves = (size[dims.m] + size[dims.n]) * size[dims.k] * ELEMENT
    multiplies = tiles.high * tiles.wide * tiles.deep
    issue = steps * (multiplies + loads + 4 * moves / unit.copied / threads)
    results = tiles.high * tiles.wide * rows * columns / target.subgroup
    issue += results * sum(len(op.body) + 1 for op in workload.ops if op is not root)

    # What goes to shared memory passes through registers, before the inputs come from there.
    inputs = (tiles.high * rows + tiles.wide * columns) * depth * ELEMENT / 4 / target.subgroup
    registers = unit.overhead + results + max(moves / 4 / threads, inputs)
    sectors = moves * max(1.0, unit.sector / (size[dims.k] * ELEMENT))
    chain = unit.shared_latency + tiles.deep * unit.multiply_latency + 2 * unit.barrier
    ahead = tiles.copies - 1
    wait = max(chain, unit.load_latency / ahead) if ahead else chain + unit.load_latency
    return Demand(
        workgroups=workgroups,
        threads=threads,
        registers=registers,
        shared=tiles.shared,
        multiply=warps * steps * multiplies * rows * columns * depth / unit.multiply,
        issue=threads * issue / unit.lanes,
        near=steps * (warps * reads + moves / unit.lanes * 2),
        far=steps * sectors / unit.second_cache,
        waits=steps * wait + unit.load_latency,
        moved=bytes_,
    )


def _conflicts(row: int, along: bool, banks: int) -> int:
    """Times that shared memory is read for one load of a warp from rows of so many bytes."""
    words: dict[int, set[int]] = {}
    for lane in range(banks):
        line, pair = divmod(lane, LANES_A_ROW)
        start = line * row + pair * 2 * ELEMENT if along else 2 * pair * row + line * ELEMENT
        words.setdefault(start // 4 % banks, set()).add(start // 4)
    return max(len(found) for found in words.values())
