# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: contractions of 16-bit floats on tensor cores.

One instruction of a warp multiplies 16 x 16 by 16 x 8 elements. A warp computes several such tiles,
a workgroup has several warps, and each step of the sum copies some tiles of both inputs to shared
memory. IREE packs the innermost dims of rows, columns and sum (Codegen/Common/GPU/
GPUPackToIntrinsics.cpp); every size here divides what it cuts, since IREE fails on a part of a
tile. Neither prefetching nor the order of workgroups is decided: on CUDA IREE 3.13 makes the same
code of any of these.
"""

from __future__ import annotations

from ...ir.traffic import moved
from ...iree import attributes
from ...iree.attributes import TRANSLATION, Configured, Lowering
from ...language.schedule import Decision, Schedule
from ...language.space import Choice, Mark, Pick, Step
from ..backend import Configuration
from ..gpu import matrix_estimate
from ..gpu.intrinsics import ELEMENT, of_backend
from ..gpu.machine import Demand
from ..gpu.matrix import Tiles, built, multiplied
from ..gpu.pipeline import GpuPipeline, GpuTask, at_root, divisors, served
from ..gpu.read_back import levels, matrix_unit, scheduled
from .pipeline import WARP, tile_and_fuse
from .tile import threads_of

MAX_TILES = 32
"""Most tiles of results of a warp: each takes four registers of every thread."""
MAX_STEP = 8
"""Most instructions deep that a step is."""
BANKS = ("banks:plain", "banks:padded")
"""Whether rows in shared memory are padded against conflicts of banks."""
PAD_BYTES = 16
"""Bytes of padding that IREE adds to a row of shared memory at most
(Codegen/Common/GPU/GPUReduceBankConflicts.cpp)."""
LEVELS = ("workgroup", "subgroup", "reduction")
IGEMM = "use_igemm_convolution"


class Mma(GpuPipeline):
    """Tiles of warps and workgroups, and steps, in whole instructions."""

    token, number = "pipeline:matrix", 3

    def applies(self, task: GpuTask) -> bool:
        """To contractions of whole instructions."""
        return served(task.workload) and multiplied(task.workload, task.target) is not None

    def knobs(self, task: GpuTask) -> Step[None]:
        """Padding, tiles of a warp, warps of a workgroup, how deep a step is."""
        found = multiplied(task.workload, task.target)
        assert found is not None
        (dims, row), target = found, task.target
        m, n, k = (task.workload.extents[dim] for dim in (dims.m, dims.n, dims.k))
        banks = yield Choice("banks", BANKS)
        step, pad = row.depth * ELEMENT, padding(banks)
        # Rows of A and columns of B, together, whose one-instruction step fits shared memory.
        edges = target.shared // (step + pad)
        yield Mark("@subgroup")
        wide = yield Pick("subgroup", dims.n, divisors(n // row.columns, MAX_TILES))
        high = yield Pick("subgroup", dims.m, divisors(m // row.rows, MAX_TILES // wide))
        yield Mark("@group")
        most = target.threads // WARP
        room = (edges - high * row.rows) // (wide * row.columns)
        some = divisors(n // row.columns // wide, max(1, min(most, room)))
        x = yield Pick("group", dims.n, some)
        room = (edges - x * wide * row.columns) // (high * row.rows)
        y = yield Pick(
            "group", dims.m, divisors(m // row.rows // high, max(1, min(most // x, room)))
        )
        yield Mark("@reduce")
        deep = (target.shared // (x * wide * row.columns + y * high * row.rows) - pad) // step
        yield Pick("reduce", dims.k, divisors(k // row.depth, max(1, min(MAX_STEP, deep))))

    def configure(self, task: GpuTask, schedule: Schedule) -> Configuration:
        """A config of the root op: elements of a workgroup; instructions of a warp and of a
        step."""
        root = task.workload.root_op
        found = multiplied(task.workload, task.target)
        assert found is not None
        dims, row = found
        unit = {dims.m: row.rows, dims.n: row.columns}
        parallel = set(root.dims("parallel"))
        warp = [schedule.size("subgroup", dim, 1) if dim in parallel else 0 for dim in root.loops]
        group = [
            tiles * schedule.size("group", dim, 1) * unit.get(dim, 1)
            for dim, tiles in zip(root.loops, warp, strict=True)
        ]
        reduce = [0 if dim in parallel else schedule.size("reduce", dim, 1) for dim in root.loops]
        config = attributes.gpu_config(
            [
                *("convert_acc_gemm", attributes.mma_kind(row.name), attributes.promoted(0, 1)),
                *(f"reduction = {reduce}", f"subgroup = {warp}", f"workgroup = {group}"),
            ]
        )
        info = matrix_info(threads_of(task, schedule) * WARP, schedule, igemm=False)
        return Configuration({TRANSLATION: info}, at_root(task.workload, config))

    def read_back(self, task: GpuTask, configured: Configured) -> Schedule | None:
        """The decisions about whole tiles of an instruction of ours."""
        op, loops = matrix_unit(configured), task.workload.root_op.loops
        found = multiplied(task.workload, task.target)
        if op is None or found is None or igemm(configured) or not ours(op):
            return None
        sizes = levels(op, LEVELS, loops)
        if sizes is None or "padding" in op.entries:
            return None
        dims, row = found
        group, warp, step = sizes
        decisions = [banks_of(configured)]
        for dim, unit in ((dims.n, row.columns), (dims.m, row.rows)):
            tiles = max(1, warp[dim])
            count = max(1, group[dim] // (tiles * unit))
            decisions += [Decision("subgroup", dim, tiles), Decision("group", dim, count)]
        decisions.append(Decision("reduce", dims.k, max(1, step[dims.k])))
        return scheduled(self.token, decisions)

    def demand(self, task: GpuTask, schedule: Schedule) -> Demand:
        """What the matmul asks for."""
        workload, target = task.workload, task.target
        return matrix_estimate.demand(workload, target, tiles(task, schedule), moved(workload))


def tiles(task: GpuTask, schedule: Schedule) -> Tiles:
    """How a schedule builds a workgroup."""
    found = multiplied(task.workload, task.target)
    assert found is not None
    dims, row = found
    return built(dims, row.unit, schedule, pad=padding(schedule.choice("banks")))


def padding(banks: str) -> int:
    """Bytes after each row in shared memory."""
    return PAD_BYTES if banks == BANKS[1] else 0


def matrix_info(threads: int, schedule: Schedule, *, igemm: bool) -> str:
    """Text of the translation info; `igemm` tells of a convolution."""
    plain = schedule.choice("banks") == BANKS[0]
    options = attributes.gpu_options(bank_conflicts=plain, igemm=igemm)
    return tile_and_fuse(threads, [options])


def igemm(configured: Configured) -> bool:
    """Whether IREE makes a matmul of a convolution."""
    return bool(configured.translation.options.get(IGEMM))


def ours(op: Lowering) -> bool:
    """Whether an op is multiplied by an instruction of the table, in tiles of all levels."""
    kind = str(op.entries["mma_kind"])
    named = any(row.among([kind]) for row in of_backend("cuda"))
    return named and all(op.sizes(level) for level in LEVELS)


def banks_of(configured: Configured) -> Decision:
    """Whether IREE pads rows in shared memory, as the knob says it."""
    plain = configured.translation.options.get("no_reduce_shared_memory_bank_conflicts")
    return Decision("banks", -1, BANKS[0 if plain else 1])


MMA = Mma()
