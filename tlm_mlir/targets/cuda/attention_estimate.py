# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The static estimate for schedules of attention, in the cycles of `gpu_estimate`.

A workgroup goes through all keys, a step at a time: it multiplies its queries by a step's keys,
takes exponentials, and multiplies by the values of its columns. Where columns are cut, each part
does the scores anew. Keys and values come from the first cache, or with tensor cores from shared
memory.
"""

from __future__ import annotations

import math

from ...ir.traffic import moved
from ...ir.workload import Workload
from ..gpu.machine import Demand, machine
from ..target import GpuTarget
from .attention_dims import LINE, Dims, Tiles

EXPONENTIAL = 12
"""Instructions for one score between both products: scale, mask, maximum, exponential, sum."""
SHUFFLE = 2
"""Instructions of one exchange between threads, of which a maximum and a sum take some."""


def demand(workload: Workload, target: GpuTarget, dims: Dims, tiles: Tiles) -> Demand:
    """What an attention asks for when workgroups are built so."""
    unit, extents = machine(target), workload.extents
    head, width = extents[dims.head], max(o.bytes for o in workload.root_op.inputs[:3])
    steps = -(-extents[dims.keys] // tiles.step)
    group = {dims.rows: tiles.rows, dims.columns: tiles.columns}
    workgroups = math.prod(
        -(-extents[dim] // group.get(dim, 1)) for dim in workload.root_op.dims("parallel")
    )
    threads, warps = tiles.threads, -(-tiles.threads // target.subgroup)
    scores = tiles.rows * tiles.step / threads
    products = tiles.rows * tiles.step * (head + tiles.columns)
    exchanged = SHUFFLE * 2 * math.log2(2 * tiles.across)
    issue = EXPONENTIAL * scores + exchanged * tiles.rows / max(1, threads // tiles.across)
    # Keys and values that a workgroup takes, and how often each goes to another thread.
    taken = tiles.step * (head + tiles.columns) * width
    copies = 1 if tiles.matrix else threads / tiles.across
    loads = taken * copies / LINE / threads
    if tiles.matrix:
        # Each warp has all of them, in words that suit its instructions.
        loads += taken / 4 / target.subgroup
        multiply = products / unit.multiply
        cycles = warps * taken / unit.lanes
    else:
        multiply = 0.0
        issue += products / threads
        # The threads of a row read lines of different keys, each a sector of its own.
        lines = min(tiles.across, target.subgroup)
        cycles = warps * loads * max(1.0, lines * unit.sector / unit.lanes)
    # Without tensor cores each thread of a row has all of its query.
    queries = tiles.rows * head / threads * (width / 4 if tiles.matrix else tiles.across)
    registers = unit.overhead + queries + tiles.rows * (tiles.columns + tiles.step) / threads
    shared = (tiles.rows * head + taken / width) * width if tiles.matrix else 0
    wait = unit.load_latency + 2 * unit.shared_latency + head / 4
    if tiles.matrix:
        wait += 2 * unit.multiply_latency + 2 * unit.barrier
    return Demand(
        workgroups=workgroups,
        threads=threads,
        registers=registers,
        shared=shared,
        multiply=steps * multiply,
        issue=steps * threads * (issue + 2 * loads) / unit.lanes,
        near=steps * cycles,
        far=steps * taken / unit.second_cache,
        waits=steps * wait + unit.load_latency,
        moved=moved(workload),
    )
