# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: features of a schedule, from which a cost model predicts its latency.

What a person would work out before measuring: how full the vectors are, how often an operand is
loaded for an operation, what a tile holds against what a cache holds, how even the cores are. All
are computed from the workload, the target and the decisions; nothing is compiled or run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...ir.analysis import gathers, inner_dims, strided_contraction, widest_element, window
from ...ir.workload import Index, Operand, Workload
from ...language.schedule import Schedule
from ..features import NONE, Features, beside_baseline, by_dim, log
from ..target import CpuTarget
from .pipeline import CpuPipeline
from .tile import CACHE, ORDER, PEEL

_SLOW = ("exp", "tanh", "erf", "sqrt", "rsqrt", "log", "pow", "sin", "cos", "div", "rem")
Box = Mapping[int, int]
"""Dim -> trip count of a tile."""


@dataclass(frozen=True)
class _Access:
    """How an operand is read or written: the (dim, |coefficient|) terms of each index, the bytes of
    an element, and its last index."""

    indices: tuple[tuple[tuple[int, int], ...], ...]
    width: int
    last: Index

    @staticmethod
    def of(operands: Iterable[Operand]) -> list[_Access]:
        """The accesses of all operands but scalars."""
        return [
            _Access(
                tuple(tuple((dim, abs(c)) for dim, c in index.terms) for index in operand.indices),
                operand.bytes,
                operand.indices[-1],
            )
            for operand in operands
            if operand.indices
        ]

    @cached_property
    def dims(self) -> frozenset[int]:
        """The dims that the place depends on."""
        return frozenset(dim for terms in self.indices for dim, _ in terms)

    def elements(self, box: Box) -> int:
        """Distinct elements that a box of loop points touches."""
        count = 1
        for terms in self.indices:
            span, points = 1, 1
            for dim, coefficient in terms:
                size = box[dim]
                span += coefficient * (size - 1)
                points *= size
            count *= min(span, points)
        return count

    def bytes(self, box: Box) -> int:
        """Bytes that a box of loop points touches."""
        return self.elements(box) * self.width


Choice = tuple[Schedule, CpuPipeline | None]
"""A schedule and its pipeline, which the default has not."""


def features(
    workload: Workload, target: CpuTarget, choices: Sequence[Choice], baseline: Choice | None
) -> list[Features]:
    """All features of each schedule, by name; `baseline` is IREE's own choice, None if unknown.

    They are of the workload, the schedule, IREE's own choice, and how the last two differ: what is
    predicted is a latency relative to that of IREE's choice.
    """
    reader = _Reader(workload, target)
    rows = (reader.schedule_features(*choice) for choice in choices)
    reference = reader.schedule_features(*baseline) if baseline else None
    return beside_baseline(reader.workload_features(), rows, reference)


class _Reader:
    """Works out the features of schedules of one workload on one target."""

    def __init__(self, workload: Workload, target: CpuTarget) -> None:
        self.workload, self.target = workload, target
        root = workload.root_op
        self.extents = workload.extents
        self.parallel, self.reduction = root.dims("parallel"), root.dims("reduction")
        self.inner = inner_dims(workload)
        self.whole: dict[int, int] = dict(enumerate(workload.extents))
        self.reads, self.writes = _Access.of(root.inputs), _Access.of(root.outputs[:1])
        self.lanes = max(1, target.vector_bytes // widest_element(workload))
        memory = [o for op in workload.ops for o in op.inputs if o.source < 0]
        accesses = _Access.of([*memory, *workload.ops[-1].outputs])
        self.bytes = max(1, sum(access.bytes(self.whole) for access in accesses))

    def workload_features(self) -> Features:
        """Features of the workload and the hardware."""
        workload, target, root = self.workload, self.target, self.workload.root_op
        body = [line for op in workload.ops for line in op.body]
        found = {
            "operations": log(workload.flops),
            "bytes": log(self.bytes),
            "operations a byte": log(workload.flops / self.bytes),
            "bytes / L2": log(self.bytes / max(1, target.l2)),
            "ops": len(workload.ops),
            "ops after root": len(workload.ops) - 1 - workload.root,
            "attention": root.kind == "attention",
            "window dims": len(window(workload)),
            "strided contraction": strided_contraction(workload),
            "body": len(root.body),
            "slow operations": sum(line.startswith(_SLOW) for line in body),
            "gathers": any(gathers(op) for op in workload.ops),
            "inputs": len(root.inputs),
            "lanes": self.lanes,
            "L1": log(target.l1),
            "L2": log(target.l2),
            "amx": "amx-bf16" in target.features,
        }
        for kind, dims in (("parallel", self.parallel), ("reduction", self.reduction)):
            found[f"{kind} points"] = log(_volume(self.whole, dims))
            found |= by_dim(f"{kind} extent", kind, dims, self.whole)
        for place in range(3):
            known = place < len(self.reads)
            found[f"input {place} runs along"] = self._along(self.reads[place]) if known else NONE
        found["result runs along"] = self._along(self.writes[0]) if self.writes else NONE
        return {name: float(value) for name, value in found.items()}

    def _along(self, access: _Access) -> float:
        """What kind of dim consecutive elements belong to."""
        dim = access.last.dim
        if dim is None:
            return -1.0 if access.last.opaque else float(len(access.last.terms)) - 5.0
        if dim in self.reduction:
            return 1.0
        return 3.0 if self.parallel and dim == self.parallel[-1] else 2.0

    def schedule_features(self, schedule: Schedule, pipeline: CpuPipeline | None) -> Features:
        """Features of one schedule; the same names, in the same order, for every one."""
        known = pipeline.fixed(self.workload) if pipeline else {}
        extents = self.extents

        def sizes(name: str, dims: Iterable[int], otherwise: Box) -> dict[int, int]:
            return {dim: schedule.size(name, dim) or otherwise[dim] for dim in dims}

        ones = {dim: known.get(dim, 1) for dim in self.whole}
        vector = sizes("vector", self.parallel, ones)
        reduce = sizes("reduce", self.reduction, ones)
        inner = sizes("inner", self.inner, ones)
        group = sizes("distribute", self.parallel, self.whole)
        cache = sizes("cache", self.parallel, group)
        cache_reduce = sizes("cache_reduce", self.reduction, self.whole)
        groups = math.prod(-(-extents[dim] // group[dim]) for dim in self.parallel)
        order = schedule.order("interchange")
        found: Features = {
            "pipeline": pipeline.number if pipeline else 0,
            "peeled": schedule.choice("peel") == PEEL[1],
            "cache tiles": schedule.choice("cache") == CACHE[1],
            "ordered": schedule.choice("order") == ORDER[1],
            "innermost stays": bool(order) and order[-1] == max(order),
            "workgroups": log(groups),
            "idle cores": log(-(-groups // self.target.cores) * self.target.cores / groups),
            "workgroup points": log(_volume(group, self.parallel)),
            "vector points": log(_volume(vector, self.parallel)),
            "reduced at once": log(_volume(reduce, self.reduction)),
            "inner points": log(_volume(inner, self.inner)),
            "inner waste": log(_waste(extents, inner)),
            "reduction waste": log(_waste(extents, reduce)),
            "reduction remainders": sum(extents[d] % size != 0 for d, size in reduce.items()),
            "workgroup remainders": sum(extents[d] % size != 0 for d, size in group.items()),
            "vector remainders": sum(group[d] % size != 0 for d, size in vector.items()),
            "vector waste": log(self._vector_waste(group, vector)),
        }
        found |= self._registers(vector, reduce)
        found |= self._locality(vector, group, {**cache, **cache_reduce}, groups)
        for name, kind, dims, box in (
            ("vector", "parallel", self.parallel, vector),
            ("workgroup", "parallel", self.parallel, group),
            ("cache", "parallel", self.parallel, cache),
            ("reduce", "reduction", self.reduction, reduce),
            ("cache reduce", "reduction", self.reduction, cache_reduce),
        ):
            found |= by_dim(name, kind, dims, box)
        return {name: float(value) for name, value in found.items()}

    def _vector_waste(self, group: Box, vector: Box) -> float:
        """Points computed for each point asked for, where vectors reach over a tile's edge."""
        waste = 1.0
        for dim, size in vector.items():
            extent, tile = self.extents[dim], group[dim]
            full, rest = divmod(extent, tile)
            vectors = full * -(-tile // size) + -(-rest // size)
            waste *= vectors * size / extent
        return waste

    def _registers(self, vector: Box, reduce: Box) -> Features:
        """How the innermost body fills registers, and how it reads its operands."""
        large = [dim for dim in self.parallel if vector[dim] > 1] or list(self.parallel)
        lane = large[-1] if large else -1
        size = vector.get(lane, 1)
        rows = math.prod(vector.values()) // size
        registers = -(-size // self.lanes) * rows
        body = math.prod(reduce.values())
        box = {**{dim: 1 for dim in self.whole}, **vector, **reduce}
        loads, contiguous, broadcast, scattered = 0.0, 0, 0, 0
        for access in self.reads:
            elements = float(access.elements(box))
            if lane not in access.dims:
                broadcast += 1
            elif access.last.dim == lane:
                contiguous += 1
                elements /= self.lanes
            else:
                scattered += 1
            loads += elements
        operations = rows * size * body / self.lanes
        innermost = reduce[self.reduction[-1]] if self.reduction else 1
        return {
            "lanes along the innermost": bool(self.parallel) and lane == self.parallel[-1],
            "lane size": log(size),
            "registers a row": size / self.lanes,
            "lanes left over": size % self.lanes / self.lanes,
            "result registers": log(registers),
            "body registers": log(registers * body),
            "reduced innermost": log(innermost),
            "reduced further out": log(body / innermost),
            "loads an operation": log((loads + 1e-3) / max(operations, 1e-3)),
            "contiguous inputs": contiguous,
            "broadcast inputs": broadcast,
            "scattered inputs": scattered,
            "contiguous result": bool(self.writes) and self.writes[0].last.dim == lane,
        }

    def _locality(self, vector: Box, group: Box, cache: Box, groups: int) -> Features:
        """What tiles hold, against the caches, and how often memory is read again."""
        found = {}
        panel = {**self.whole, **vector}
        workgroup = {**self.whole, **group}
        for name, box in (
            ("workgroup", workgroup),
            ("cache tile", {**self.whole, **cache}),
            ("panel", panel),
        ):
            held = sum(access.bytes(box) for access in (*self.reads, *self.writes))
            found[f"{name} bytes"] = log(held)
            found[f"{name} / L1"] = log(held / max(1, self.target.l1))
            found[f"{name} / L2"] = log(held / max(1, self.target.l2))
        panels = math.prod(-(-self.extents[dim] // size) for dim, size in vector.items())
        for name, box, count in (("workgroups", workgroup, groups), ("panels", panel, panels)):
            read = sum(access.bytes(box) for access in self.reads) * count
            found[f"read again by {name}"] = log(read / self.bytes)
        largest = max(
            math.prod(group.get(dim, self.extents[dim]) for dim in op.dims("parallel"))
            for op in self.workload.ops
        )
        found["results / stack"] = log(
            largest * widest_element(self.workload) / self.target.stack_bytes
        )
        return found


def _volume(box: Box, dims: Iterable[int]) -> int:
    return math.prod(box[dim] for dim in dims)


def _waste(extents: Sequence[int], tiles: Box) -> float:
    return math.prod(-(-extents[dim] // size) * size / extents[dim] for dim, size in tiles.items())
