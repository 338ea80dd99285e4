# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuda: contractions of 16-bit floats on tensor cores.

One instruction of a warp (`mma.sync`, PTX ISA) multiplies 16 x 16 by 16 x 8 elements. A warp
computes several such tiles, a workgroup has several warps, and each step of the sum copies some
tiles of both inputs to shared memory. IREE packs the innermost dims of rows, columns and sum
(Codegen/Common/GPU/GPUPackToIntrinsics.cpp); every size here divides what it cuts, since IREE fails
on a part of a tile. Neither prefetching nor the order of workgroups is decided: on CUDA IREE 3.13
makes the same code of any of these.
"""

from __future__ import annotations

from ..ir.workload import Workload
from ..language.schedule import Schedule
from ..language.space import Choice, Mark, Pick
from . import gpu_matrix
from .gpu import MATRIX_FEATURES, contraction, divisors
from .gpu_matrix import ELEMENT, TYPES, Dims, Tiles
from .target import GpuTarget

UNIT = ROWS, COLUMNS, DEPTH = 16, 8, 16
"""Elements of one instruction: results, and products that each sums."""
SUBGROUP = 32
"""Threads of a warp, on every CUDA device."""
MAX_TILES = 32
"""Most tiles of results of a warp: each takes four registers of every thread."""
MAX_STEP = 8
"""Most instructions deep that a step is."""
BANKS = ("banks:plain", "banks:padded")
"""Whether rows in shared memory are padded against conflicts of banks."""
PAD_BYTES = 16
"""With so many at most, in IREE's pass (Codegen/Common/GPU/GPUReduceBankConflicts.cpp)."""


def multiplied(workload: Workload, target: GpuTarget) -> Dims | None:
    """The dims of a contraction that tensor cores multiply; None where they cannot."""
    return gpu_matrix.multiplied(workload, target, UNIT)


def space(workload: Workload, target: GpuTarget):  # type: ignore[no-untyped-def]
    """The decisions after the choice of this pipeline."""
    dims = multiplied(workload, target)
    assert dims is not None
    m, n, k = (workload.extents[dim] for dim in (dims.m, dims.n, dims.k))
    banks = yield Choice("banks", BANKS)
    step, pad = DEPTH * ELEMENT, PAD_BYTES if banks == BANKS[1] else 0
    # Rows of A and columns of B, together, whose one-instruction step fits shared memory.
    edges = target.shared // (step + pad)
    yield Mark("@subgroup")
    wide = yield Pick("subgroup", dims.n, divisors(n // COLUMNS, MAX_TILES))
    high = yield Pick("subgroup", dims.m, divisors(m // ROWS, MAX_TILES // wide))
    yield Mark("@group")
    most = target.threads // SUBGROUP
    room = (edges - high * ROWS) // (wide * COLUMNS)
    x = yield Pick("group", dims.n, divisors(n // COLUMNS // wide, max(1, min(most, room))))
    room = (edges - x * wide * COLUMNS) // (high * ROWS)
    y = yield Pick("group", dims.m, divisors(m // ROWS // high, max(1, min(most // x, room))))
    yield Mark("@reduce")
    deep = (target.shared // (x * wide * COLUMNS + y * high * ROWS) - pad) // step
    yield Pick("reduce", dims.k, divisors(k // DEPTH, max(1, min(MAX_STEP, deep))))


def pipeline_options(schedule: Schedule, *, igemm: bool) -> str:
    """What the translation info says besides; `igemm` tells of a convolution."""
    plain = str(schedule.choice("banks") == BANKS[0]).lower()
    return (
        "gpu_pipeline_options = #iree_gpu.pipeline_options<"
        f"no_reduce_shared_memory_bank_conflicts = {plain},"
        f" use_igemm_convolution = {str(igemm).lower()}>"
    )


def config(workload: Workload, schedule: Schedule) -> str:
    """Text of the root op's config: elements of a workgroup; instructions of a subgroup and of a
    step."""
    root = workload.root_op
    found = contraction(workload)
    assert found is not None
    unit = {found.m[-1]: ROWS, found.n[-1]: COLUMNS}
    parallel = set(root.dims("parallel"))
    subgroup = [schedule.size("subgroup", dim, 1) if dim in parallel else 0 for dim in root.loops]
    group = [
        tiles * schedule.size("group", dim, 1) * unit.get(dim, 1)
        for dim, tiles in zip(root.loops, subgroup, strict=True)
    ]
    reduce = [0 if dim in parallel else schedule.size("reduce", dim, 1) for dim in root.loops]
    kind = MATRIX_FEATURES["cuda"][TYPES[root.inputs[0].dtype]]
    parts = [
        *("convert_acc_gemm", f"mma_kind = #iree_gpu.mma_layout<{kind}>"),
        *("promote_operands = [0, 1]", f"reduction = {reduce}"),
        *(f"subgroup = {subgroup}", f"workgroup = {group}"),
    ]
    return f"#iree_gpu.lowering_config<{{{', '.join(parts)}}}>"


def tiles(workload: Workload, target: GpuTarget, schedule: Schedule) -> Tiles:
    """How a schedule builds a workgroup."""
    dims = multiplied(workload, target)
    assert dims is not None
    pad = PAD_BYTES if schedule.choice("banks") == BANKS[1] else 0
    return gpu_matrix.built(dims, UNIT, schedule, pad=pad)
