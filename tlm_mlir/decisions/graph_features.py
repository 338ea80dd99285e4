# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a cost model sees of an op before dispatches are formed, and of what may become of it.

Sizes are logs of base two. The estimates of all options are among the features: the model learns
where these err.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..ir.sources import COMPUTED, CONSTANT, OPENING, STORED
from ..ir.workload import Workload
from ..targets.cpu.data_tiling import KERNEL, SCALAR, VECTORIZED, tile
from ..targets.cpu.default_loops import default_loops, vector_size
from ..targets.cpu.matmul_clocks import Factor, Matmul
from ..targets.features import NONE, TO_IREE, Features, log
from ..targets.target import CpuTarget
from .estimate_layout import as_matmul, read_convolution
from .estimate_packing import read_matmul

DEPTH = 16
"""Most steps of a reduction that IREE's default unrolls (`setMatmulRootConfig`)."""
SOURCES = (CONSTANT, COMPUTED, STORED)
LIKE = {OPENING: STORED}
"""Sources that are told as another one, and what those are."""
NOTHING = Matmul(1, 1, 1, 1, *(Factor("f32", 4, False, COMPUTED),) * 2, "f32")


def of_contraction(workload: Workload, target: CpuTarget, sources: Sequence[str]) -> Features:
    """Features of a contraction; of one that is no matmul, those of a matmul of nothing."""
    matmul = read_matmul(workload, sources) or NOTHING
    return of_target(target) | _of_matmul(matmul, target)


def of_convolution(workload: Workload, target: CpuTarget, sources: Sequence[str]) -> Features:
    """Features of a convolution, and of the matmul that im2col makes of it."""
    found = read_convolution(workload)
    own = {
        "channels first": float(found.first),
        "images": log(found.batch),
        "filters": log(found.filters),
        "points": log(math.prod(found.points)),
        "last points": log(found.points[-1]),
        "channels": log(found.channels),
        "window": log(found.window),
        "stride": float(found.stride),
        "filters in a vector": log(vector_size(found.filters, 16, target.vector_bytes // 4)),
        "points in a tile": log(vector_size(found.points[-1], 8, target.vector_bytes // 4)),
        "image computed": float(COMPUTED in sources),
    }
    return of_target(target) | own | _of_matmul(as_matmul(workload, found, sources), target)


def of_target(target: CpuTarget) -> Features:
    """What is told of a CPU."""
    return {
        "vector bits": float(target.vector_bits),
        "cores": float(target.cores),
        "L2": log(target.l2),
        "L3": log(target.l3),
        **{name: float(name in target.features) for name in ("fma", "avx512bf16")},
    }


def beside_estimates(
    fixed: Features, seconds: Mapping[str, float], option: str, names: Sequence[str]
) -> Features:
    """The features of one option: those of its op, which option it is, and the estimates of all
    options in `seconds`, the first of which leaves the op to IREE."""
    left = next(iter(seconds.values()))
    known = {f"estimate of {name}": _apart(seconds.get(name), left) for name in names}
    which = {f"is {name}": float(name == option) for name in names}
    own = _apart(seconds[option], left)
    return fixed | known | which | {f"{TO_IREE}estimate": own, "nanoseconds left": log(left * 1e9)}


def _apart(seconds: float | None, left: float) -> float:
    if seconds is None or not left or math.isinf(seconds):
        return NONE
    return log(seconds / left)


def _of_matmul(matmul: Matmul, target: CpuTarget) -> Features:
    loops = default_loops(matmul.m, matmul.n, target)
    tiled = tile(matmul.types, matmul.m, matmul.n, target)
    depth = vector_size(matmul.k, DEPTH, target.vector_bytes // 4)
    return {
        "batch": log(matmul.batch),
        "rows": log(matmul.m),
        "columns": log(matmul.n),
        "summed": log(matmul.k),
        "multiplications": log(matmul.batch * matmul.m * matmul.n * matmul.k),
        "result bytes": log(matmul.batch * matmul.m * matmul.n),
        **_of_factor("rows' factor", matmul.rows, matmul.batch * matmul.m * matmul.k),
        **_of_factor("columns' factor", matmul.columns, matmul.batch * matmul.n * matmul.k),
        "widened": float(matmul.rows.dtype != matmul.out),
        "floats": float(matmul.out.startswith(("f", "bf"))),
        "vector rows": float(loops.m),
        "vector columns": float(loops.n),
        "registers": float(_registers(loops.n, target)),
        "depth": float(depth),
        "row tiles": log(loops.rows),
        "column tiles": log(loops.columns),
        "workgroup columns": float(loops.width),
        "workgroups": log(loops.workgroups),
        "masked": float(loops.masked),
        "tile rows": float(tiled.m) if tiled else NONE,
        "tile columns": float(tiled.n) if tiled else NONE,
        "rows left over": float(matmul.m % tiled.m) if tiled else NONE,
        "columns left over": float(matmul.n % tiled.n) if tiled else NONE,
        **{code: float(tiled is not None and tiled.code == code) for code in CODES},
    }


def _registers(length: int, target: CpuTarget) -> int:
    """Registers of a vector: LLVM cuts what does not fill one into powers of two."""
    whole, rest = divmod(length, target.vector_bytes // 4)
    return whole + rest.bit_count()


CODES = (KERNEL, VECTORIZED, SCALAR)


def _of_factor(name: str, factor: Factor, elements: int) -> Features:
    source = LIKE.get(factor.source, factor.source)
    return {
        f"{name}: bytes of an element": float(factor.bytes),
        f"{name}: bytes": log(elements * factor.bytes),
        f"{name}: reduction last": float(factor.reduction_last),
        **{f"{name}: {one}": float(source == one) for one in SOURCES},
    }
