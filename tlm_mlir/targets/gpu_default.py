# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPUs: IREE's own choice for a dispatch, read back as the decisions of a schedule.

It is what an estimate of another schedule is compared with. It need not be of our space: IREE masks
tiles that do not divide.
"""

from __future__ import annotations

import math
import re

from ..ir.workload import Workload
from ..language.schedule import Decision, Schedule
from . import cuda_attention, cuda_igemm, cuda_matrix, vulkan_matrix
from .gpu import ACROSS, ATTENTION, MATRIX, MATRIX_FEATURES, PLAIN, PROMOTE
from .gpu_estimate import SCALAR
from .target import GpuTarget

_PIPELINES = {
    "TileAndFuse": PLAIN,
    "BaseVectorize": PLAIN,
    "BaseDistribute": SCALAR,
    "MatmulPromoteVectorize": PROMOTE,
    "CooperativeMatrixVectorize": MATRIX,
    "VectorDistribute": ACROSS,
    "SubgroupReduce": ACROSS,
}
_PIPELINE = re.compile(r"pipeline = #iree_gpu\.(?:spirv_)?pipeline<(\w+)>")
_GROUP_SIZE = re.compile(r"workgroup_size = \[([\d, ]+)\]")
_LEVEL = re.compile(r"(workgroup|thread|reduction) = \[([\d, ]*)\]")
_MATRIX_LEVEL = re.compile(r"(workgroup|subgroup|reduction) = \[([\d, ]*)\]")
_SHARED_LEVEL = re.compile(r"(workgroup|partial_reduction|thread) = \[([\d, ]*)\]")
_ATTENTION_LEVEL = re.compile(r"(workgroup|reduction) = \[([\d, ]*)\]")
_TILES = re.compile(r"tile_sizes = \[\[(.*?)\]\]")


def imitate(workload: Workload, target: GpuTarget, configuration: str) -> Schedule | None:
    """The decisions in a configuration (`iree.executables.configuration`); None where its
    pipeline is not known here."""
    info, *lines = configuration.splitlines() or [""]
    found = _PIPELINE.search(info)
    pipeline = _PIPELINES.get(found.group(1) if found else "")
    if workload.root_op.kind == ATTENTION:
        return _attention(workload, configuration)
    if "use_igemm_convolution = true" in configuration and "mma_kind" in configuration:
        return _igemm(workload, configuration)
    if "mma_kind" in configuration:
        return _matrix(workload, target, configuration)
    if pipeline == MATRIX:
        return _cooperative(workload, target, configuration)
    if pipeline == ACROSS:
        return _lanes(workload, configuration)
    if pipeline is None:
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


def _igemm(workload: Workload, configuration: str) -> Schedule | None:
    """The decisions about a convolution on tensor cores; None where IREE's loops are not ours."""
    found = cuda_igemm.dims(workload)
    line = next(line for line in configuration.splitlines() if "mma_kind" in line)
    named = {name: _numbers(text) for name, text in _MATRIX_LEVEL.findall(line)}
    if found is None or any(len(sizes) != len(found.loops) + 1 for sizes in named.values()):
        return None
    ours = any(f"<{kind}>" in line for kind in MATRIX_FEATURES["cuda"].values())
    if not ours or set(named) != {"workgroup", "subgroup", "reduction"}:
        return None
    plain = "no_reduce_shared_memory_bank_conflicts = true" in configuration
    decisions = [
        Decision("pipeline", -1, MATRIX),
        Decision("banks", -1, cuda_matrix.BANKS[0 if plain else 1]),
    ]
    for dim, size, tiles in zip(found.loops, named["workgroup"], named["subgroup"], strict=False):
        unit = cuda_igemm.unit(found, dim)
        tiles = max(1, tiles)
        count = max(1, size // (tiles * unit))
        decisions += [Decision("subgroup", dim, tiles), Decision("group", dim, count)]
    decisions.append(Decision("reduce", found.summed, max(1, named["reduction"][-1])))
    return Schedule(tuple(decisions))


def _matrix(workload: Workload, target: GpuTarget, configuration: str) -> Schedule | None:
    """The decisions about tensor cores; None for instructions that are not ours, and where tiles
    stick out."""
    dims = cuda_matrix.multiplied(workload, target)
    line = next(line for line in configuration.splitlines() if "mma_kind" in line)
    named = {name: _numbers(text) for name, text in _MATRIX_LEVEL.findall(line)}
    loops = workload.root_op.loops
    if dims is None or set(named) != {"workgroup", "subgroup", "reduction"} or "padding" in line:
        return None
    if not any(f"<{kind}>" in line for kind in MATRIX_FEATURES["cuda"].values()):
        return None
    found = {
        name: dict(zip(loops, [*sizes, *[0] * (len(loops) - len(sizes))], strict=True))
        for name, sizes in named.items()
    }
    plain = "no_reduce_shared_memory_bank_conflicts = true" in configuration
    decisions = [
        Decision("pipeline", -1, MATRIX),
        Decision("banks", -1, cuda_matrix.BANKS[0 if plain else 1]),
    ]
    for dim, unit in ((dims.n, cuda_matrix.COLUMNS), (dims.m, cuda_matrix.ROWS)):
        tiles = max(1, found["subgroup"][dim])
        count = max(1, found["workgroup"][dim] // (tiles * unit))
        decisions += [Decision("subgroup", dim, tiles), Decision("group", dim, count)]
    decisions.append(Decision("reduce", dims.k, max(1, found["reduction"][dims.k])))
    return Schedule(tuple(decisions))


def _cooperative(workload: Workload, target: GpuTarget, configuration: str) -> Schedule | None:
    """The decisions about cooperative matrices; None for other instructions than ours."""
    dims = vulkan_matrix.multiplied(workload, target)
    found = _TILES.search(configuration)
    if dims is None or found is None:
        return None
    levels = [_numbers(text) for text in found.group(1).split("], [")]
    if len(levels) != 4 or tuple(levels[-1][-3:]) != vulkan_matrix.UNIT:
        return None
    group, subgroup, step, unit = levels
    stage, depth = (
        re.search(rf"{name} = (\d)", configuration) for name in ("store_stage", "pipeline_depth")
    )
    decisions = [
        Decision("pipeline", -1, MATRIX),
        Decision("stage", -1, f"store:{stage[1] if stage else 1}"),
        Decision("depth", -1, f"depth:{min(3, max(1, int(depth[1]))) if depth else 1}"),
    ]
    for dim, place in ((dims.n, -1), (dims.m, -2)):
        decisions += [
            Decision("subgroup", dim, subgroup[place] // unit[-1]),
            Decision("group", dim, group[place] // subgroup[place]),
        ]
    decisions.append(Decision("reduce", dims.k, step[-1] // unit[-1]))
    return Schedule(tuple(decisions))


def _attention(workload: Workload, configuration: str) -> Schedule | None:
    """The decisions about an attention of VectorDistribute. Where IREE has a workgroup's threads
    share the keys of one row, they are side by side, each with a part of the columns."""
    dims = cuda_attention.dims(workload)
    info, *lines = configuration.splitlines()
    line = next((line for line in lines if "attention" in line), "")
    named = {name: _numbers(text) for name, text in _ATTENTION_LEVEL.findall(line)}
    if dims is None or "VectorDistribute" not in info or "workgroup" not in named:
        return None
    loops, extents = workload.root_op.loops, workload.extents
    group, step = (
        dict(zip(loops, named.get(name, []), strict=False)) for name in ("workgroup", "reduction")
    )
    keys = step.get(dims.keys) or extents[dims.keys]
    rows, columns = (group.get(dim) or extents[dim] for dim in (dims.rows, dims.columns))
    threads = int(_GROUP_SIZE.findall(info)[0].split(",")[0])
    if "promote_operands" in line:
        warps = max(1, threads // cuda_matrix.SUBGROUP)
        sizes = {
            ("subgroup", dims.columns): columns // cuda_matrix.COLUMNS,
            ("subgroup", dims.rows): rows // cuda_matrix.ROWS // warps,
            ("group", dims.rows): warps,
            ("reduce", dims.keys): keys // cuda_matrix.DEPTH,
        }
    else:
        sizes = {
            ("thread", dims.rows): 1,
            ("columns", dims.columns): columns,
            ("group", dims.columns): threads // rows,
            ("group", dims.rows): rows,
            ("reduce", dims.keys): keys,
        }
    pipeline = MATRIX if "promote_operands" in line else PLAIN
    decisions = [Decision(name, dim, max(1, size)) for (name, dim), size in sizes.items()]
    return Schedule((Decision("pipeline", -1, pipeline), *decisions))


def _lanes(workload: Workload, configuration: str) -> Schedule | None:
    """The decisions about sums that invocations share: how many, what each has of a step, and the
    rows, as if all shared the innermost dim that is summed over."""
    info, *lines = configuration.splitlines()
    root = workload.root_op
    levels = (_shares(line, len(root.loops)) for line in lines)
    found = next((found for found in levels if found), None)
    summed = root.dims("reduction")
    if found is None or not summed:
        return None
    group, step, thread = (dict(zip(root.loops, sizes, strict=True)) for sizes in found)
    decisions = [Decision("pipeline", -1, ACROSS)]
    decisions += [Decision("thread", d, max(1, group[d])) for d in root.dims("parallel")]
    decisions += [Decision("reduce", d, max(1, step[d])) for d in summed]
    decisions.append(
        Decision("group", summed[-1], math.prod(_numbers(_GROUP_SIZE.findall(info)[0])))
    )
    if thread[summed[-1]]:
        decisions.append(Decision("thread", summed[-1], thread[summed[-1]]))
    return Schedule(tuple(decisions))


def _shares(line: str, loops: int) -> tuple[list[int], ...] | None:
    """A workgroup's, a step's and a load's sizes along the loops; None for another op's config."""
    if found := _TILES.search(line):
        group, step = [_numbers(text) for text in found.group(1).split("], [")][:2]
        levels = [group, step, []]
    else:
        named = dict(_SHARED_LEVEL.findall(line))
        levels = [
            _numbers(named.get(name, "")) for name in ("workgroup", "partial_reduction", "thread")
        ]
    if not levels[0] or any(len(sizes) > loops for sizes in levels):
        return None
    return tuple([*sizes, *[0] * (loops - len(sizes))] for sizes in levels)


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
    """What each invocation computes of a promoted tile, the innermost loops that it has more than
    one of along x, y and z."""
    sizes = [int(number) for number in _GROUP_SIZE.findall(info)[0].split(",")]
    dims = [dim for dim in reversed(workload.root_op.dims("parallel")) if group[dim] > 1]
    found = dict(group)
    for dim, count in zip(dims, sizes, strict=False):
        found[dim] = max(1, group[dim] // count)
    return found
