# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: the CPU that IREE compiles for, and what this machine knows of it."""

from __future__ import annotations

import os
import platform
import re
import sys
from functools import cache
from pathlib import Path

from ...errors import TargetError
from ...iree.executable_target import CPU, backend
from ...iree.hardware import cpu_architecture, cpu_features
from ..target import FEATURES, CpuTarget

CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
CPUINFO = Path("/proc/cpuinfo")
WIDTHS = {"avx512f": 512, "avx2": 256}
"""Bits of a SIMD register by the feature that tells of it, the widest first."""


UNKNOWN = CpuTarget(CPU, 128, 1, 0, 0, 0)
"""A CPU of which nothing is known."""


def cpu_target(executable_target: str, cores: int) -> CpuTarget:
    """The CPU that an IREE `#hal.executable.target` attribute's text describes.

    `cores` is the number of threads that will run the program. Cache sizes are those of this
    machine where it has all that the attribute asks for, else zero (unknown). Raises TargetError
    for an attribute of another backend.
    """
    if backend(executable_target) != CPU:
        raise TargetError(f"expected an {CPU} executable target, got {executable_target[:60]}")
    features = cpu_features(executable_target)
    bits = next((bits for name, bits in WIDTHS.items() if name in features), 128)
    l1, l2, l3 = cache_sizes() if runs_here(executable_target) else (0, 0, 0)
    known = tuple(name for name in FEATURES if name in features)
    return CpuTarget(CPU, bits, cores, l1, l2, l3, features=known)


def usable_cores() -> int:
    """The number of cores that this process may use, or that there are where no system call tells
    that."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def runs_here(executable_target: str) -> bool:
    """Whether this machine runs what is compiled for a CPU that an IREE `#hal.executable.target`
    attribute's text describes."""
    return _runs_here(cpu_architecture(executable_target), cpu_features(executable_target))


def _runs_here(architecture: str, features: frozenset[str]) -> bool:
    """Whether this machine is of an architecture, and has those features that schedules may depend
    on."""
    needed = features & {*FEATURES, *WIDTHS}
    return architecture == platform.machine() and needed <= host_features()


@cache
def processor_flags(path: Path = CPUINFO) -> frozenset[str]:
    """Features of this machine as Linux calls them, none where it does not tell."""
    try:
        text = path.read_text()
    except OSError:
        return frozenset()
    found = re.search(r"^flags\s*: (.*)$", text, re.MULTILINE)
    return frozenset(found.group(1).split() if found else ())


def host_features(path: Path = CPUINFO) -> frozenset[str]:
    """Features of this machine, of those that schedules may depend on, as LLVM calls them."""
    # Linux writes `avx512_vnni` and `amx_int8`, LLVM `avx512vnni` and `amx-int8`.
    flags = {flag.replace("_", "") for flag in processor_flags(path)}
    names = (*FEATURES, *WIDTHS)
    return frozenset(name for name in names if name.replace("-", "") in flags)


def cache_sizes(root: Path = CACHES) -> tuple[int, int, int]:
    """(L1 data, L2, L3) sizes in bytes as Linux tells them, zero where it does not."""
    sizes = {1: 0, 2: 0, 3: 0}
    for index in sorted(root.glob("index*")):
        try:
            level = int((index / "level").read_text())
            kind = (index / "type").read_text().strip()
            text = (index / "size").read_text().strip()
        except (OSError, ValueError):
            continue
        if kind != "Instruction" and level in sizes:
            scale = {"K": 1 << 10, "M": 1 << 20}.get(text[-1:], 1)
            sizes[level] = int(text.rstrip("KM")) * scale
    return sizes[1], sizes[2], sizes[3]
