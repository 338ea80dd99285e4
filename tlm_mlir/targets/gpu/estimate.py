# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A static estimate of how long a GPU takes for a schedule, where nothing was measured.

Three things are counted for one workgroup: the instructions that its warps issue; the cycles that
its loads take in the first cache or in shared memory (sectors that a warp touches, conflicts of
banks); what comes from the second cache. How many workgroups a compute unit holds at once tells how
much of the latency is hidden. The longer of throughput and latency is the answer (`machine.py` has
the constants). The figure orders schedules of one workload. It is no time.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from ...ir.traffic import moved, spans
from ...ir.workload import Op, Operand, Workload
from ...language.schedule import Schedule
from ..target import GpuTarget
from .machine import Demand, machine

AHEAD = 4
"""Points of a sum whose operands are in registers at once, at least: drivers unroll shorter steps
so far."""


@dataclass(frozen=True)
class _Tiles:
    """Sizes by dim of what a step of an invocation and of a workgroup covers; steps of the sum."""

    thread: dict[int, int]
    group: dict[int, int]
    counts: dict[int, int]
    threads: int
    steps: dict[int, int]
    workgroups: int
    ahead: int = AHEAD
    """Points of a sum whose operands are in registers at once."""


@dataclass(frozen=True)
class _Load:
    """What a step moves of one operand: instructions and cycles of a warp, words in registers of an
    invocation, bytes of a workgroup."""

    instructions: float
    cycles: float
    words: float
    bytes: float


def demand(
    workload: Workload,
    target: GpuTarget,
    schedule: Schedule,
    *,
    promoted: bool = False,
    across: bool = False,
    scalar: bool = False,
) -> Demand:
    """What a dispatch asks for whose invocations compute tiles. Those of inputs may be `promoted`
    to shared memory; invocations may share sums (`across`); every element may be loaded by itself
    (`scalar`)."""
    unit = machine(target)
    tiles = _tiles(workload, target, schedule, across)
    warps = -(-tiles.threads // target.subgroup)
    longest = 1 if scalar else unit.copied
    root = workload.root_op
    issue = near = far = words = shared = 0.0
    results = math.prod(tiles.thread[dim] for dim in root.dims("parallel"))
    for op in workload.ops:
        times = math.prod(tiles.steps.get(dim, 1) for dim in op.loops)
        points = math.prod(tiles.thread.get(dim, workload.extents[dim]) for dim in op.loops)
        issue += times * points * max(1, len(op.body) - 1) / (2 if op is root else 1)
        for operand in (*op.inputs, *op.outputs):
            if operand.source >= 0:
                continue
            staged = promoted and op is root and operand in op.inputs
            load = _load(workload, target, op, operand, tiles, longest, staged)
            # A sum's results are stored once.
            often = times if operand in op.inputs or op is not root else 1
            issue += often * load.instructions * 2
            near += often * load.cycles
            far += often * load.bytes
            words += load.words if operand in op.inputs else 0
            if staged:
                shared += load.bytes
                # Copied there together, with the longest loads and stores.
                copies = load.bytes / unit.copied / target.subgroup / warps
                issue += often * copies * 4
                near += often * copies * unit.copied * target.subgroup / unit.lanes * 2
    width = max(4, *(operand.bytes for operand in root.outputs)) / 4
    registers = unit.overhead + results * width + words
    points = math.prod(tiles.thread[dim] for dim in root.dims("reduction"))
    steps = math.prod(tiles.steps.values())
    once = max(points, tiles.ahead)
    steps = steps if promoted else -(-steps * points // once)
    wait = unit.load_latency + unit.add_latency * once
    wait += unit.shared_latency + 2 * unit.barrier if promoted else 0
    after: float = unit.load_latency
    if across:
        # Each sum is exchanged within subgroups, and then between them.
        rounds = math.log2(target.subgroup) + (math.log2(warps) if warps > 1 else 0)
        after += results * rounds * unit.shared_latency + (2 * unit.barrier if warps > 1 else 0)
        issue += results * rounds * 2
    return Demand(
        workgroups=tiles.workgroups,
        threads=tiles.threads,
        registers=registers,
        shared=shared,
        multiply=0.0,
        issue=warps * target.subgroup * issue / unit.lanes,
        near=warps * near,
        far=far / unit.second_cache,
        waits=steps * wait + after,
        moved=moved(workload),
    )


def _tiles(workload: Workload, target: GpuTarget, schedule: Schedule, across: bool) -> _Tiles:
    root = workload.root_op
    extents = workload.extents
    thread, group, counts = {}, {}, {}
    for dim in root.dims("parallel"):
        thread[dim] = min(extents[dim], schedule.size("thread", dim, 1))
        counts[dim] = schedule.size("group", dim, 1)
        group[dim] = min(extents[dim], thread[dim] * counts[dim])
    steps, ahead = {}, AHEAD
    for dim in root.dims("reduction"):
        size = min(extents[dim], schedule.size("reduce", dim, 1) or 1)
        thread[dim] = size
        if across:
            counts[dim] = schedule.size("group", dim, 1)
            ahead = max(ahead, size // counts[dim])
            line = max(1, machine(target).copied // max(operand.bytes for operand in root.inputs))
            # A load has neighbours, of which a step may have several.
            thread[dim] = schedule.size("thread", dim, 0) or math.gcd(size // counts[dim], line)
        group[dim] = thread[dim] * counts.get(dim, 1)
        steps[dim] = -(-extents[dim] // group[dim])
    workgroups = math.prod(-(-extents[dim] // group[dim]) for dim in root.dims("parallel"))
    threads = max(1, math.prod(counts.values()))
    return _Tiles(thread, group, counts, threads, steps, workgroups, ahead)


def _load(
    workload: Workload,
    target: GpuTarget,
    op: Op,
    operand: Operand,
    tiles: _Tiles,
    longest: int,
    staged: bool,
) -> _Load:
    """What a step loads or stores of an operand; from shared memory where it is `staged`."""
    size, unit = operand.bytes, machine(target)
    mine = spans(workload, operand, tiles.thread)
    all_ = spans(workload, operand, tiles.group)
    run = (mine[-1] if mine else 1) * size
    runs = math.prod(mine[:-1])
    pieces = runs * -(-run // max(longest, size))
    shape = all_ if staged else spans(workload, operand, {})
    starts = _starts(operand, tiles, shape, target.subgroup)
    if staged:
        piece = min(run, unit.copied)
        banks: dict[int, int] = {}
        for start in starts:
            bank = start * size // 4 % unit.banks
            banks[bank] = banks.get(bank, 0) + 1
        conflicts = max(banks.values()) * piece / 4 / 4
        cycles = pieces * max(1.0, len(starts) * piece / unit.lanes, conflicts)
    else:
        sectors = {
            (start * size + at) // unit.sector
            for start in starts
            for at in {*range(0, run, unit.sector), run - 1}
        }
        cycles = max(pieces, runs * len(sectors) * unit.sector / unit.lanes)
    summed = math.prod(tiles.thread[dim] for dim in op.dims("reduction") if dim in tiles.thread)
    depends = bool(set(op.dims("reduction")) & {d for i in operand.indices for d, _ in i.terms})
    words = runs * run / 4
    if depends:
        words *= tiles.ahead / summed if tiles.ahead > AHEAD else min(1.0, AHEAD / summed)
    rows = math.prod(all_[:-1])
    moved_ = rows * max(unit.sector, (all_[-1] if all_ else 1) * size)
    return _Load(pieces, cycles, words, moved_)


def _starts(operand: Operand, tiles: _Tiles, shape: list[int], lanes: int) -> set[int]:
    """Where in an array of a shape each invocation of the first warp begins, in elements."""
    strides = [math.prod(shape[place + 1 :]) for place in range(len(shape))]
    steps = {
        dim: sum(
            stride * factor * tiles.thread[dim]
            for index, stride in zip(operand.indices, strides, strict=True)
            for other, factor in index.terms
            if other == dim
        )
        for dim in tiles.counts
    }
    # In the order of the loops: the innermost is the fastest.
    places = itertools.product(*map(range, tiles.counts.values()))
    found = set()
    for place in itertools.islice(places, lanes):
        found.add(sum(n * steps[dim] for n, dim in zip(place, tiles.counts, strict=True)))
    return found
