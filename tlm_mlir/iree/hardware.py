# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the text of a `#hal.executable.target` says of the hardware that it is for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import iree_gpu

_TRIPLE = re.compile(r'target_triple = "(\w+)')
_CPU = re.compile(r'[{ ]cpu = "([^"]*)"')
_GPU = re.compile(r'#iree_gpu\.target<arch = "([^"]*)"')
_BACKEND = re.compile(r'<"([^"]*)"')
_FEATURES = re.compile(r'cpu_features = "([^"]*)"')
_COMPUTE = re.compile(r"compute = ([\w|]+)")
_MMA = re.compile(r"mma = \[([^\]]*)\]")
_UNITS = "wgp_count"


def cpu_architecture(attribute: str) -> str:
    """The first part of the LLVM triple of a CPU, such as x86_64; empty where none is named."""
    found = _TRIPLE.search(attribute)
    return found.group(1) if found else ""


def hardware_name(attribute: str) -> str:
    """What an executable target is for: a CPU or a GPU by the name that IREE has for it, a generic
    CPU by its architecture, anything else by its backend."""
    cpu, gpu = _CPU.search(attribute), _GPU.search(attribute)
    if cpu and cpu.group(1) in ("", "generic"):
        return f"a generic {cpu_architecture(attribute)}".rstrip()
    if found := cpu or gpu or _BACKEND.search(attribute):
        return found.group(1)
    return attribute


def cpu_features(attribute: str) -> frozenset[str]:
    """LLVM's names of the features that a CPU has: a later `-name` cancels an earlier `+name`."""
    found = _FEATURES.search(attribute)
    enabled: dict[str, bool] = {}
    for item in found.group(1).split(",") if found else ():
        enabled[item[1:]] = item[:1] == "+"
    return frozenset(name for name, on in enabled.items() if on)


@dataclass(frozen=True)
class Gpu:
    """A GPU as IREE describes it: compute units (0 where it does not know), the smallest subgroup,
    most invocations of a workgroup and along x, y and z, bytes of shared memory, the types that it
    computes with, and the instructions of its matrix units by IREE's names."""

    units: int
    subgroup: int
    threads: int
    group: tuple[int, int, int]
    shared: int
    computes: frozenset[str]
    intrinsics: tuple[str, ...]


def gpu(attribute: str, context: ir.Context) -> Gpu:
    """The GPU that an executable target of one describes."""
    info = iree_gpu.TargetInfo.get_gpu_target_info(ir.Attribute.parse(attribute, context))
    x, y, z = info.max_workgroup_sizes
    computes, intrinsics = _COMPUTE.search(attribute), _MMA.search(attribute)
    return Gpu(
        # The bindings tell one for a chip whose number IREE does not know.
        units=info.workgroup_count if _UNITS in attribute else 0,
        subgroup=info.subgroup_size_choices[0],
        threads=info.max_thread_count_per_workgroup,
        group=(x, y, z),
        shared=info.max_workgroup_memory_bytes,
        computes=frozenset(computes.group(1).split("|") if computes else ()),
        intrinsics=tuple(re.findall(r"<(\w+)>", intrinsics.group(1)) if intrinsics else ()),
    )
