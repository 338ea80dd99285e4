# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of backends."""

from __future__ import annotations

from iree.compiler import ir

from ..errors import TargetError
from ..ir.workload import Workload
from ..iree import executable_target
from .backend import Backend, DispatchTask
from .cpu.backend import CPU
from .cuda.backend import CUDA
from .target import Target
from .task import T
from .vulkan.backend import VULKAN

BACKENDS: dict[str, Backend] = {backend.name: backend for backend in (CPU, CUDA, VULKAN)}


def named(name: str) -> Backend:
    """The backend that IREE calls so. Raises TargetError for one that is not known."""
    try:
        return BACKENDS[name]
    except KeyError:
        known = ", ".join(BACKENDS)
        raise TargetError(f"unknown target '{name}'; known are {known}") from None


def backend(target: Target) -> Backend:
    """The backend of a target. Raises TargetError for one that is not known."""
    return named(target.backend)


def task(workload: Workload, target: T) -> DispatchTask[T]:
    """The task of lowering a dispatch on a target. Raises TargetError for an unknown backend."""
    return backend(target).task(workload, target)


def read_target(attribute: str, cores: int, context: ir.Context) -> Target:
    """The target that an IREE `#hal.executable.target` attribute's text describes.

    `cores` is the number of threads that will run the program where it runs on a CPU.
    Raises TargetError for a backend that is not known.
    """
    return of_attribute(attribute).read_target(attribute, cores, context)


def of_attribute(attribute: str) -> Backend:
    """The backend that an IREE `#hal.executable.target` attribute's text names.

    Raises TargetError for one that is not known.
    """
    found = BACKENDS.get(executable_target.backend(attribute))
    if found is None:
        known = ", ".join(BACKENDS)
        raise TargetError(f"unknown executable target {attribute[:60]}; known are {known}")
    return found
