# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IREE's flags for GPUs by the names that people know them by."""

from __future__ import annotations

from ..errors import TargetError
from .flags import DEVICE, GPUS, VMVX_FLAGS
from .trial import known

_MMA = ("F32_16x8x16_F16", "F16_16x8x16_F16", "F32_16x8x16_BF16")
_SM_90 = (
    '#hal.device.target<"cuda", [#hal.executable.target<"cuda", "cuda-nvptx-fb",'
    ' {iree_codegen.target_info = #iree_gpu.target<arch = "sm_90", features = "+ptx80",'
    " wgp = <compute = fp64|fp32|fp16|int64|int32|int16|int8, storage = b64|b32|b16|b8,"
    " subgroup = shuffle|arithmetic, dot = dp4xi8toi32,"
    f" mma = [{', '.join(f'<NV_MMA_SYNC_{name}>' for name in _MMA)}],"
    " subgroup_size_choices = [32], max_workgroup_sizes = [1024, 1024, 64],"
    " max_thread_count_per_workgroup = 1024, max_workgroup_memory_bytes = 232448,"
    " max_workgroup_counts = [2147483647, 65535, 65535]>>}>]> : !hal.device"
)
"""H100 and H200, which IREE 3.13 does not know by name: limits of compute capability 9.0 (CUDA C++
Programming Guide, table of technical specifications)."""
TARGETS = tuple(GPUS)
_ROCM = "--iree-rocm-target"
UNSCHEDULED = {
    "hip": (f"{DEVICE}=hip",),
    "amdgpu": (f"{DEVICE}=amdgpu",),
    "metal": (f"{DEVICE}=metal",),
    "vmvx": VMVX_FLAGS,
}
"""IREE's flags for targets that it compiles for and that there are no schedules for."""


def gpu_flags(target: str, arch: str) -> list[str]:
    """IREE's flags for an architecture of "cuda" or "vulkan".

    Raises TargetError for one that IREE does not know, or none. IREE ends the process over that, so
    another process is asked.
    """
    if target not in TARGETS:
        raise TargetError(f"unknown GPU target '{target}'; give {' or '.join(TARGETS)}")
    examples = GPUS[target].examples
    if not arch:
        raise TargetError(f"{target} needs --arch with an architecture such as {examples}")
    flags = [f"{DEVICE}={target}", f"{GPUS[target].flag}={arch}"]
    if (target, arch) == ("cuda", "sm_90"):
        return [f"{DEVICE}={_SM_90}"]
    # Of a CUDA architecture that it does not know IREE says nothing at all.
    if not known(flags, "#iree_gpu.target<"):
        raise TargetError(
            f"unknown {target} architecture '{arch}'; give one that IREE knows, such as"
            f" {examples}"
        )
    return flags


def unscheduled_flags(target: str, arch: str) -> list[str]:
    """IREE's flags for a target of UNSCHEDULED. Raises TargetError for an architecture where there
    is nothing to choose, or none where there is."""
    flags = list(UNSCHEDULED[target])
    if target not in ("hip", "amdgpu"):
        if arch:
            raise TargetError(f"{target} has no architectures to choose from; leave --arch out")
        return flags
    if not arch:
        raise TargetError(f"{target} needs --arch with an architecture such as gfx942 or rdna3")
    return [*flags, f"{_ROCM}={arch}"]
