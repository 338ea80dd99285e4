# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Flags of `iree-compile` that tlm-mlir sets or reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

DEVICE = "--iree-hal-target-device"
BACKENDS = "--iree-hal-target-backends"
LOCAL_BACKENDS = "--iree-hal-local-target-device-backends"
CPU = "--iree-llvmcpu-target-cpu"
CPU_FEATURES = "--iree-llvmcpu-target-cpu-features"
TRIPLE = "--iree-llvmcpu-target-triple"
CPU_FEATURES = "--iree-llvmcpu-target-cpu-features"
_LOCAL = "local"
_DEVICE = re.compile(r"(?:[\w.]+=)?([\w-]+)(?:\[\w+\])?")
"""A device by its name, perhaps as `alias=name[ordinal]`."""


@dataclass(frozen=True)
class Gpu:
    """The `flag` that names an architecture of a kind of GPU, and examples of those."""

    flag: str
    examples: str


GPUS = {
    "cuda": Gpu("--iree-cuda-target", "sm_80, sm_86, sm_89 or sm_90"),
    "vulkan": Gpu("--iree-vulkan-target", "llvmpipe, ampere, rdna3 or valhall"),
}
"""By the name of the device."""
CPU_FLAGS = (f"{DEVICE}=local", f"{LOCAL_BACKENDS}=llvm-cpu")
"""A program for CPUs, compiled by LLVM."""
DATA_TILING = "--iree-opt-data-tiling"
"""Contractions are packed where their function has no hint, or they have one."""
IM2COL = "--iree-global-opt-use-im2col-for-convs"
PREPROCESSING_PASSES = "--iree-preprocessing-pass-pipeline"
DUMP_BINARIES = "--iree-hal-dump-executable-binaries-to"
COMPILE_TO = "--compile-to"
COMPILE_FROM = "--compile-from"
MODE = "--compile-mode"
FILTER = "--iree-hal-preprocess-executables-with"
"""Hands each executable to a program, as text, and takes what that writes in its place."""
BRIEF = ("--mlir-elide-elementsattrs-if-larger=8", "--mlir-elide-resource-strings-if-larger=8")
"""Printed modules leave the values of large constants out."""
OPT_LEVEL = "--iree-opt-level"
INPUT_PREFIX = "--iree-input-"
"""Begins every flag that says what a module means; others are about how it is compiled."""


VMVX_FLAGS = (f"{DEVICE}=local", f"{LOCAL_BACKENDS}=vmvx")
"""A program for IREE's interpreter, which shares no code generation with LLVM's backend."""


def cpu(name: str) -> tuple[str, ...]:
    """A program for one CPU: "host", or a name that LLVM knows."""
    return (*CPU_FLAGS, f"{CPU}={name}")


def for_cuda(flags: Sequence[str]) -> bool:
    """Whether flags are for CUDA, by its name or by an attribute of a device."""
    return any(re.match(f"{DEVICE}=(cuda|.*cuda-nvptx)", flag) for flag in flags)


def device_names(flags: Sequence[str]) -> tuple[str, ...]:
    """The devices that flags name: "llvm-cpu" and "vulkan" as targets are called, others as IREE
    calls them, and what is no name alone as it stands. Empty where they name none."""
    found: dict[str, None] = {}
    for flag in flags:
        name, _, value = flag.partition("=")
        if name == DEVICE:
            alone = _DEVICE.fullmatch(value)
            found |= {} if alone and alone[1] == _LOCAL else {alone[1] if alone else value: None}
        elif name in (BACKENDS, LOCAL_BACKENDS):
            found[value] = None
    return tuple(dict.fromkeys(name.removesuffix("-spirv") for name in found))


def names_device(flags: Sequence[str]) -> bool:
    """Whether flags say what a program is compiled for."""
    return any(flag.partition("=")[0] in (DEVICE, BACKENDS, LOCAL_BACKENDS) for flag in flags)


def valued(flags: Sequence[str], name: str) -> tuple[str, tuple[str, ...]]:
    """The last value that flags give to a name, empty where they give none, and the other flags."""
    values = [flag.removeprefix(f"{name}=") for flag in flags if flag.startswith(f"{name}=")]
    rest = tuple(flag for flag in flags if not flag.startswith(f"{name}="))
    return (values or [""])[-1], rest


def architecture(flags: Sequence[str], target: str) -> str:
    """The GPU architecture that flags name for a target, empty where they name none."""
    prefix = f"{GPUS[target].flag}="
    return next((flag.removeprefix(prefix) for flag in flags if flag.startswith(prefix)), "")
