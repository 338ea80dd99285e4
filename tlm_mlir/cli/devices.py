# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a command line compiles for, in our options and in IREE's flags."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from ..compiler.options import AS_FLAGS_SAY, CPU, HOST
from ..errors import TargetError
from ..iree import flags as iree
from ..iree.flags import GPUS, device_names, names_device, valued

_NAMING = (iree.DEVICE, iree.BACKENDS, iree.LOCAL_BACKENDS)


@dataclass(frozen=True)
class Devices:
    """A target as `Options` has it, and the flags that do not tell of it."""

    target: str
    cpu: str
    triple: str
    arch: str
    flags: tuple[str, ...]

    @staticmethod
    def given(options: argparse.Namespace, flags: tuple[str, ...]) -> Devices:
        """What `--target`, `--cpu`, `--triple` and `--arch` say, or IREE's flags for the same.

        Flags that name several devices, or one without schedules, stay as they are. A CPU is this
        machine's unless something tells of another one. Raises TargetError for two CPUs.
        """
        target = options.target or CPU
        if options.target is None and names_device(flags):
            target, rest = _named(options.arch, flags)
            if target == AS_FLAGS_SAY:
                cpu = options.cpu or HOST
                return Devices(AS_FLAGS_SAY, cpu, options.triple, options.arch, flags)
            flags = rest
        if target in GPUS:
            arch, flags = _one("--arch", options.arch, GPUS[target].flag, flags)
            return Devices(target, options.cpu or HOST, options.triple, arch, flags)
        if target != CPU:
            return Devices(target, options.cpu or HOST, options.triple, options.arch, flags)
        cpu, flags = _one("--cpu", options.cpu, iree.CPU, flags)
        triple, flags = _one("--triple", options.triple, iree.TRIPLE, flags)
        described = triple or valued(flags, iree.CPU_FEATURES)[0]
        usual = "generic" if described else HOST
        return Devices(CPU, cpu or usual, triple, options.arch, flags)


def _named(arch: str, flags: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The one target that flags name, and the other flags; AS_FLAGS_SAY where it is not one that
    options describe as well."""
    names = device_names(flags)
    count = sum(flag.startswith(f"{iree.DEVICE}=") for flag in flags)
    known = len(names) == 1 and count < 2
    if not known or not (names[0] == CPU or _has_architecture(names[0], arch, flags)):
        return AS_FLAGS_SAY, flags
    return names[0], tuple(flag for flag in flags if flag.partition("=")[0] not in _NAMING)


def _has_architecture(name: str, arch: str, flags: tuple[str, ...]) -> bool:
    return name in GPUS and bool(arch or iree.architecture(flags, name))


def _one(
    option: str, given: str | None, flag: str, flags: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """What an option or the flag for the same says, and the other flags."""
    value, rest = valued(flags, flag)
    if given and value:
        raise TargetError(f"{option} {given} and {flag}={value} tell of the same; give one of them")
    return value or given or "", rest
