# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What GPU backends share: the hardware as IREE describes it, and the shapes of their schedules.

On a GPU a dispatch is cut twice: into workgroups, and these into invocations (threads). IREE checks
neither that an invocation has work nor that a workgroup fits the device, so every size here divides
what it cuts, and their products stay within the device's limits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import iree_gpu

from ..errors import TargetError
from ..ir.workload import Op, Workload
from ..language.schedule import Schedule
from ..language.space import Pick
from .target import GpuTarget

BACKENDS = ("cuda", "vulkan-spirv")
ATTENTION = "attention"
"""The kind of an op."""
DEFAULT, PLAIN, PROMOTE = "pipeline:default", "pipeline:vector", "pipeline:promote"
MATRIX, ACROSS = "pipeline:matrix", "pipeline:lanes"
"""What IREE does by itself; tiles in registers; the inputs' tiles in shared memory besides; the
same multiplied by matrix units; sums that invocations share."""
FEATURES = ("fp64", "fp16", "int64")
"""Types that not every GPU computes with, in the order in which prompts list them, before..."""
MATRIX_FEATURES = {
    "cuda": {
        "mma-f16": "NV_MMA_SYNC_F32_16x8x16_F16",
        "mma-bf16": "NV_MMA_SYNC_F32_16x8x16_BF16",
    },
    "vulkan-spirv": {"mma-f16": r"\w+_F32_16x16x16_F16"},
}
"""...those of matrix units, each with IREE's name (a pattern) of the intrinsic that tells of it."""
MAX_RESULTS = 64
"""Most results of one invocation: more do not fit its registers."""
MAX_BODY = 256
"""Most points of one invocation's unrolled sum, as many as IREE's own choices have."""
MAX_SPREAD = 4096
"""Most points that one invocation computes of an op whose loops the root op has not all."""


def gpu_target(executable_target: str, context: ir.Context) -> GpuTarget:
    """The target that an IREE `#hal.executable.target` attribute's text describes.

    Raises TargetError for an attribute of a backend that is none of `BACKENDS`.
    """
    found = re.search(r'target<"([\w-]+)"', executable_target)
    backend = found.group(1) if found else executable_target[:60]
    if backend not in BACKENDS:
        known = " or ".join(BACKENDS)
        raise TargetError(f"expected an executable target of {known}, got {backend}")
    info = iree_gpu.TargetInfo.get_gpu_target_info(ir.Attribute.parse(executable_target, context))
    x, y, z = info.max_workgroup_sizes
    matrix = MATRIX_FEATURES[backend].items()
    listed = re.search(r"compute = ([\w|]+)", executable_target)
    computes = listed.group(1).split("|") if listed else []
    return GpuTarget(
        backend,
        # IREE tells one for a chip whose number it does not know.
        units=info.workgroup_count if "wgp_count" in executable_target else 0,
        subgroup=info.subgroup_size_choices[0],
        threads=info.max_thread_count_per_workgroup,
        group=(x, y, z),
        shared=info.max_workgroup_memory_bytes,
        features=(
            *(name for name in FEATURES if name in computes),
            *(name for name, kind in matrix if re.search(f"<{kind}>", executable_target)),
        ),
    )


def divisors(extent: int, high: int, low: int = 1, unit: int = 1) -> tuple[int, ...]:
    """The divisors of an extent within bounds that are multiples of a unit, smallest first."""
    small = [n for n in range(1, math.isqrt(extent) + 1) if extent % n == 0]
    found = {*small, *(extent // n for n in small)}
    return tuple(sorted(n for n in found if low <= n <= high and n % unit == 0))


def twos(number: int) -> int:
    """How often two divides a number."""
    return (number & -number).bit_length() - 1


@dataclass(frozen=True)
class Contraction:
    """A root that multiplies and sums: the dims that both factors share in parallel (batch), those
    of the first (m) and the second (n) alone, and those that are summed over (k). Which one is the
    first is decided by the IR, as IREE does."""

    batch: tuple[int, ...]
    m: tuple[int, ...]
    n: tuple[int, ...]
    k: tuple[int, ...]


def contraction(workload: Workload) -> Contraction | None:
    """The root as a contraction; None where it is none, or slides a window."""
    root = workload.root_op
    if root.kind != "generic" or len(root.inputs) != 2 or not root.dims("reduction"):
        return None
    spans = []
    for operand in (*root.inputs, *root.outputs):
        if any(index.dim is None for index in operand.indices):
            return None
        spans.append({index.dim for index in operand.indices})
    left, right, out = spans
    columns = root.outputs[0].indices[-1].dim if root.outputs[0].indices else None
    if columns in left ^ right and (columns in left) != root.columns_first:
        left, right = right, left
    names = [line.split("(")[0] for line in root.body]
    if not {"mulf", "muli"} & set(names) or not {"addf", "addi"} & set(names):
        return None

    def of(dims: set[int | None]) -> tuple[int, ...]:
        return tuple(dim for dim in root.loops if dim in dims)

    return Contraction(
        of(left & right & out), of((left - right) & out), of((right - left) & out), of(left - out)
    )


def cut(name: str, dims: Sequence[int], extents: dict[int, int], most: int, limits=()):  # type: ignore[no-untyped-def]
    """Picks a divisor of each extent, the innermost dim first, their product at most `most`.

    `limits` bound the first dims one by one. Returns the sizes by dim.
    """
    sizes = {}
    for place, dim in enumerate(dims):
        high = min(most, limits[place]) if place < len(limits) else most
        sizes[dim] = yield Pick(name, dim, divisors(extents[dim], max(high, 1)))
        most //= sizes[dim]
    return sizes


def spread(workload: Workload) -> int:
    """Points of an op that belong to one result of the root op, where most of them do."""
    common = set(workload.root_op.dims("parallel"))
    return max(
        math.prod(workload.extents[dim] for dim in op.dims("parallel") if dim not in common)
        for op in workload.ops
    )


def element_bytes(op: Op) -> int:
    """Bytes of the widest element of an op's inputs; at least one."""
    return max([1, *(operand.bytes for operand in op.inputs)])


def served(workload: Workload) -> bool:
    """Whether there is something to share out: static shapes, tensors, no attention, and more than
    one result (IREE crashes on a tiled sum over everything)."""
    if not workload.static or workload.buffers or workload.root_op.kind == ATTENTION:
        return False
    return any(workload.extents[dim] > 1 for dim in workload.root_op.dims("parallel"))


def restructuring(workload: Workload, schedule: Schedule) -> str:
    """No function is rewritten before it is configured."""
    return ""


def tiles(workload: Workload, schedule: Schedule) -> tuple[list[int], list[int], list[int]]:
    """Sizes along the root's loops of a workgroup's, an invocation's and a step's tile; zero where
    a loop has none."""
    root = workload.root_op
    parallel = set(root.dims("parallel"))
    thread = [schedule.size("thread", d, 1) if d in parallel else 0 for d in root.loops]
    group = [
        size * schedule.size("group", dim, 1) for dim, size in zip(root.loops, thread, strict=True)
    ]
    reduce = [0 if d in parallel else schedule.size("reduce", d, 1) for d in root.loops]
    return group, thread, reduce


def at_root(workload: Workload, config: str) -> list[str]:
    """A config for the root op, nothing for the others, in the order of `workload.ops`."""
    return [config if op == workload.root else "" for op in range(len(workload.ops))]
