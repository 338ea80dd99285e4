# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What matrix units of GPUs multiply, and how a workgroup is built of their tiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...ir.analysis import contraction, spread
from ...ir.workload import Workload
from ...language.schedule import Schedule
from ..target import GpuTarget
from .intrinsics import ELEMENT, Intrinsic, for_product


@dataclass(frozen=True)
class Dims:
    """The dims that instructions multiply along."""

    m: int
    n: int
    k: int


@dataclass(frozen=True)
class Tiles:
    """How one workgroup is built.

    `unit` is what one instruction multiplies: rows, columns, and how many products it sums. A
    subgroup computes `high` x `wide` tiles of results, a workgroup has `rows` x `columns`
    subgroups, and a step is `deep` instructions deep. `pad` are the bytes after each row in shared
    memory, `copies` the steps whose inputs are there at once, `shared` the bytes of all.
    """

    dims: Dims
    unit: tuple[int, int, int]
    high: int
    wide: int
    rows: int
    columns: int
    deep: int
    pad: int
    copies: int
    shared: int

    @property
    def sizes(self) -> Mapping[int, int]:
        """Elements by dim that a workgroup and a step cover."""
        m, n, k = self.unit
        return {
            self.dims.m: self.rows * self.high * m,
            self.dims.n: self.columns * self.wide * n,
            self.dims.k: self.deep * k,
        }


def built(
    dims: Dims,
    unit: tuple[int, int, int],
    schedule: Schedule,
    *,
    pad: int = 0,
    copies: int = 1,
    result: int = 0,
) -> Tiles:
    """How a schedule builds a workgroup; `result` are the bytes of one in shared memory."""
    high, wide = (schedule.size("subgroup", dim, 1) for dim in (dims.m, dims.n))
    rows, columns = (schedule.size("group", dim, 1) for dim in (dims.m, dims.n))
    deep = schedule.size("reduce", dims.k, 1)
    m, n = rows * high * unit[0], columns * wide * unit[1]
    shared = m * n * result + (m + n) * (deep * unit[2] * ELEMENT + pad) * copies
    return Tiles(dims, unit, high, wide, rows, columns, deep, pad, copies, shared)


def multiplied(workload: Workload, target: GpuTarget) -> tuple[Dims, Intrinsic] | None:
    """The innermost dims of a contraction that matrix units multiply whole tiles of, and by which
    instruction; None where they cannot."""
    found = contraction(workload)
    root = workload.root_op
    if found is None or not (found.m and found.n and found.k) or spread(workload) > 1:
        return None
    row = for_product(root, target)
    if row is None:
        return None
    dims = Dims(found.m[-1], found.n[-1], found.k[-1])
    inner = zip((dims.m, dims.n, dims.k), row.unit, strict=True)
    return None if any(workload.extents[dim] % size for dim, size in inner) else (dims, row)
