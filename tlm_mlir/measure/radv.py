# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is known of a Vulkan kernel for AMD's RDNA that nobody has run: Mesa's RADV tells.

RADV compiles for hardware that it makes up (RADV_FORCE_FAMILY) and gives pipeline statistics:
registers, spills, waves that a SIMD holds, instructions, and its own estimate of cycles. It needs
the package `vulkan`, the Vulkan loader and RADV, which LD_LIBRARY_PATH and VK_DRIVER_FILES find
where they are not the system's (`make lavapipe` unpacks both).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ..errors import CompileError
from ..iree.flags import architecture
from ..targets.target import GpuTarget
from .statics import Statics

FAMILIES = {"rdna2": "navi21", "rdna3": "navi31", "rdna4": "gfx1201"}
"""RADV's name of a chip of each of IREE's architectures."""
NAMES = {
    **{"VGPRs": "registers", "SGPRs": "scalar registers", "LDS size": "shared"},
    **{"Spilled SGPRs": "spilled scalar registers", "Scratch size": "scratch"},
    **{"Subgroups per SIMD": "subgroups a SIMD", "threads": "threads"},
    **{"VALU": "vector instructions", "SALU": "scalar instructions"},
    **{"VMEM": "vector memory instructions", "SMEM": "scalar memory instructions"},
    **{"Latency": "latency", "Inverse Throughput": "inverse throughput"},
}
"""The statistics of RADV that are kept, and the names they are kept by."""
TIMEOUT = 300.0
_WORD = 4


class Radv:
    """RADV, for one chip."""

    suffix = "spv"

    def __init__(self, family: str) -> None:
        self._family = family

    def statics(self, path: Path, shared: int, target: GpuTarget) -> Statics:
        """What RADV tells. `spilled` are bytes of vector registers; scalar ones go to vector
        registers. `latency` and `inverse throughput` are cycles of a subgroup by RADV's estimate.

        Raises CompileError when it refuses the kernel.
        """
        told = _told(self._family, str(path), str(target.subgroup))
        kept = {name: told[theirs] for theirs, name in NAMES.items()}
        return {**kept, "spilled": told["Spilled VGPRs"] * _WORD}


def of(flags: Sequence[str]) -> Radv | None:
    """RADV, where IREE's flags are for one of FAMILIES and it is installed."""
    family = FAMILIES.get(architecture(flags, "vulkan"))
    return Radv(family) if family and _installed(family) else None


@cache
def _installed(family: str) -> bool:
    try:
        _told(family)
    except CompileError:
        return False
    return True


def _told(family: str, *arguments: str) -> dict[str, int]:
    """RADV's statistics of a kernel, by its own names."""
    command = [sys.executable, "-m", "tlm_mlir.measure.radv_worker", *arguments]
    environment = {**os.environ, "RADV_FORCE_FAMILY": family}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT, env=environment
        )
    except subprocess.TimeoutExpired:
        raise CompileError(f"RADV takes more than {TIMEOUT:.0f} s for a kernel") from None
    if done.returncode:
        raise CompileError(f"RADV refuses a kernel: {done.stderr.strip()[-300:]}")
    found: dict[str, int] = json.loads(done.stdout)
    return found
