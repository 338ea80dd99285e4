# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPUs: IREE's own choice for a dispatch, read back as the decisions of a schedule.

It is what an estimate of another schedule is compared with. It need not be of our space: IREE masks
tiles that do not divide.
"""

from __future__ import annotations

import itertools
import math
import re

from ..ir.workload import Workload
from ..language.schedule import Decision, Schedule
from .gpu import PLAIN, PROMOTE
from .gpu_estimate import SCALAR
from .target import GpuTarget

_PIPELINES = {
    "TileAndFuse": PLAIN,
    "BaseVectorize": PLAIN,
    "BaseDistribute": SCALAR,
    "MatmulPromoteVectorize": PROMOTE,
}
_PIPELINE = re.compile(r"pipeline = #iree_gpu\.(?:spirv_)?pipeline<(\w+)>")
_GROUP_SIZE = re.compile(r"workgroup_size = \[([\d, ]+)\]")
_LEVEL = re.compile(r"(workgroup|thread|reduction) = \[([\d, ]*)\]")
_TILES = re.compile(r"tile_sizes = \[\[(.*?)\]\]")


def imitate(workload: Workload, target: GpuTarget, configuration: str) -> Schedule | None:
    """The decisions in a configuration (`ir.dispatch.configuration`); None where its pipeline is
    not known here."""
    info, *lines = configuration.splitlines() or [""]
    found = _PIPELINE.search(info)
    pipeline = _PIPELINES.get(found.group(1) if found else "")
    # What tensor cores do has no like here.
    if pipeline is None or "mma_kind" in configuration:
        return None
    if "promote_operands" in configuration:
        pipeline = PROMOTE
    root = workload.root_op
    levels = [_levels(line, len(root.loops)) for line in lines]
    tiles = next((found for found in levels if found and any(found[0])), None)
    if tiles is None:
        return None
    group, thread, reduce = (dict(zip(root.loops, sizes, strict=True)) for sizes in tiles)
    invocations = math.prod(map(int, _GROUP_SIZE.findall(info)[0].split(",")))
    if pipeline == PROMOTE and not any(thread.values()):
        thread = _shared_out(workload, group, info)
        reduce = group
    decisions = [Decision("pipeline", -1, pipeline)]
    for dim in root.dims("parallel"):
        size = max(1, thread[dim])
        count = -(-min(group[dim] or size, workload.extents[dim]) // size)
        # More tiles than invocations: an invocation goes through several.
        while count > 1 and count > invocations:
            size, count = size * 2, -(-count // 2)
        invocations //= count
        decisions += [Decision("thread", dim, size), Decision("group", dim, count)]
    decisions += [Decision("reduce", dim, max(1, reduce[dim])) for dim in root.dims("reduction")]
    return Schedule(tuple(decisions))


def _levels(line: str, loops: int) -> tuple[list[int], ...] | None:
    """A workgroup's, an invocation's and a step's sizes along the loops; None for another op's."""
    config = line.partition("lowering_config<")[2]
    if found := _TILES.search(config):
        lists = [_numbers(text) for text in found.group(1).split("], [")]
        levels = [*lists, [], []][:3]
    else:
        named = dict(_LEVEL.findall(config))
        levels = [_numbers(named.get(name, "")) for name in ("workgroup", "thread", "reduction")]
    if not levels[0] or any(len(sizes) > loops for sizes in levels):
        return None
    return tuple([*sizes, *[0] * (loops - len(sizes))] for sizes in levels)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number.strip()]


def _shared_out(workload: Workload, group: dict[int, int], info: str) -> dict[int, int]:
    """What each invocation computes of a promoted tile, the innermost loops along x, y and z."""
    sizes = [int(number) for number in _GROUP_SIZE.findall(info)[0].split(",")]
    dims = list(reversed(workload.root_op.dims("parallel")))
    return {
        dim: max(1, group[dim] // count)
        for dim, count in itertools.zip_longest(dims, sizes[: len(dims)], fillvalue=1)
    }
