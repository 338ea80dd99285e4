# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: IREE's own choice for a dispatch, read back as a schedule of our space.

What IREE would do is where a search begins and what a model should at least imitate.
"""

from __future__ import annotations

import re

from ..ir.workload import Op, Workload
from ..language.sampling import admits, draw
from ..language.schedule import Schedule
from ..language.space import Choice, Knob, Size, Value
from .llvm_cpu import CACHE, DEFAULT, ORDER, PEEL, PIPELINES, inner_dims, space
from .target import CpuTarget

_LEVEL = re.compile(r"(\w+) = (?:\{sizes = )?\[([^\]]*)\]")
_PIPELINE = re.compile(r"#iree_cpu\.pipeline<(\w+)>")
_LEVELS = {
    "vector": "vector_common_parallel",
    "reduce": "vector_reduction",
    "distribute": "distribution",
    "cache": "cache_parallel",
    "cache_reduce": "cache_reduction",
}
"""Our knobs of the root op and IREE's tiling levels."""


def imitate(workload: Workload, target: CpuTarget, configuration: str) -> Schedule | None:
    """The schedule closest to a configuration; None where its pipeline is not in the space.

    `configuration` holds the attributes that IREE put on the dispatch, one a line, the function's
    `translation_info` first (`iree.executables.configuration`). Sizes outside of the space's
    bounds become the nearest inside.
    """
    info, *lines = configuration.splitlines() or [""]
    names = {name: word for word, name in PIPELINES.items()}
    found = _PIPELINE.search(info)
    pipeline = names.get(found.group(1) if found else "", DEFAULT)
    sizes = _sizes(workload, [_levels(line) for line in lines])
    if pipeline == DEFAULT or sizes is None:
        return None
    cached = any(size for (name, _), size in sizes.items() if name.startswith("cache"))
    choices = {
        "pipeline": pipeline,
        "peel": PEEL["enable_loop_peeling" in info],
        "cache": CACHE[cached],
        "order": ORDER[0],
    }

    def choose(knob: Knob) -> Value:
        if isinstance(knob, Size):
            return _nearest(knob, sizes.get((knob.name, knob.dim), 0), workload)
        assert isinstance(knob, Choice)
        value = choices[knob.name]
        return value if admits(knob, value) else knob.options[-1]

    return draw(space(workload, target), choose)


def _levels(line: str) -> dict[str, list[int]]:
    """Tile sizes by level of one op's lowering config."""
    found = _LEVEL.findall(line.partition("lowering_config<")[2])
    return {name: [int(size) for size in sizes.split(",")] for name, sizes in found if sizes}


def _sizes(
    workload: Workload, ops: list[dict[str, list[int]]]
) -> dict[tuple[str, int], int] | None:
    """Tile sizes by knob and dim; None where the configuration is of other loops."""
    root = workload.root_op
    levels = next((op for op in ops if "distribution" in op), None)
    if levels is None or len(levels["distribution"]) != len(root.loops):
        return None
    found = {
        (knob, dim): size
        for knob, level in _LEVELS.items()
        for dim, size in zip(root.loops, levels.get(level, ()), strict=False)
    }
    for op in workload.ops:
        if op is not root:
            for sizes in ops:
                found |= _inner_sizes(workload, op, sizes)
    return found


def _inner_sizes(
    workload: Workload, op: Op, levels: dict[str, list[int]]
) -> dict[tuple[str, int], int]:
    """Sizes of the dims that the root op has not, or reduces over, if the levels are of this op."""
    wanted = inner_dims(workload)
    return {
        ("inner", dim): size
        for level in ("vector_inner_parallel", "vector_reduction")
        if len(levels.get(level, ())) == len(op.loops) and "distribution" not in levels
        for dim, size in zip(op.loops, levels[level], strict=True)
        if size and dim in wanted
    }


def _nearest(knob: Size, size: int, workload: Workload) -> int:
    """A size within a knob's bounds; the whole extent is 0 where the knob has that."""
    extent = workload.extents[knob.dim]
    # Below the lower bound stands for it, or for the whole extent where there is nothing between.
    if knob.zero and (size == 0 or size >= extent or size < knob.low == extent - 1):
        return 0
    return min(max(size, knob.low), knob.high)
