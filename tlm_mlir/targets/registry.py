# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which module serves which backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType

import numpy as np
from iree.compiler import ir

from ..errors import TargetError
from ..ir.workload import Workload
from ..language.grammar import Grammar
from ..language.schedule import END, Schedule, decode
from ..language.space import Space
from . import (
    cuda,
    gpu_default,
    gpu_estimate,
    gpu_facts,
    llvm_cpu,
    llvm_cpu_default,
    llvm_cpu_facts,
    llvm_cpu_graph,
    vulkan,
)
from .gpu import gpu_target
from .target import Target, cpu_target

LOWERING, DECOMPOSITION = "lowering_config", "decomposition_config"
TRANSLATION = "translation_info"
BACKENDS: dict[str, ModuleType] = {"llvm-cpu": llvm_cpu, "cuda": cuda, "vulkan-spirv": vulkan}
GRAPH_BACKENDS: dict[str, ModuleType] = {"llvm-cpu": llvm_cpu_graph}
"""Backends with decisions about the ops of a whole program."""
IMITATIONS: dict[str, ModuleType] = {
    "llvm-cpu": llvm_cpu_default,
    "cuda": gpu_default,
    "vulkan-spirv": gpu_default,
}
"""Backends whose own choices can be read back."""
DECOMPOSED: dict[str, ModuleType] = {"cuda": cuda}
"""Backends that tell how the ops are lowered which IREE takes an op apart into."""
KERNELS: dict[str, ModuleType] = {"cuda": cuda}
"""Backends that tell the device's own compiler something about a kernel."""
FACTS: dict[str, ModuleType] = {
    "llvm-cpu": llvm_cpu_facts,
    "cuda": gpu_facts,
    "vulkan-spirv": gpu_facts,
}
"""Backends whose schedules have static facts, from which a judge foretells."""
ESTIMATES: dict[str, ModuleType] = {"cuda": gpu_estimate, "vulkan-spirv": gpu_estimate}
"""Backends whose schedules are compared by a static estimate on targets that nobody measured."""


def backend(target: Target) -> ModuleType:
    """The module with `space`, `restructuring`, `translation_info` and `lowering_configs`.

    Raises TargetError for a backend that has none.
    """
    try:
        return BACKENDS[target.backend]
    except KeyError:
        known = ", ".join(BACKENDS)
        raise TargetError(f"unknown target '{target.backend}'; known are {known}") from None


def read_target(executable_target: str, cores: int, context: ir.Context) -> Target:
    """The target that an IREE `#hal.executable.target` attribute's text describes.

    `cores` is the number of threads that will run the program where it runs on a CPU.
    Raises TargetError for a backend that is not known.
    """
    if '"llvm-cpu"' in executable_target:
        return cpu_target(executable_target, cores)
    return gpu_target(executable_target, context)


def passes() -> frozenset[str]:
    """The registered passes that scripts of some backend run on a function."""
    found = (frozenset(module.ENTRY_PASSES) | module.PASSES for module in BACKENDS.values())
    return frozenset().union(*found)


def space(workload: Workload, target: Target) -> Space:
    """The decisions for a workload on a target, from the start."""
    found: Space = backend(target).space(workload, target)
    return found


def space_maker(workload: Workload, target: Target) -> Callable[[], Space]:
    """What makes a fresh walk through those decisions."""
    return partial(space, workload, target)


def grammar(workload: Workload, target: Target) -> Grammar:
    """The grammar of those decisions."""
    return Grammar(space_maker(workload, target))


def schedulable(workload: Workload, target: Target) -> bool:
    """Whether there is anything but IREE's default."""
    return grammar(workload, target).cursor().allowed() != [backend(target).DEFAULT]


def random_schedule(workload: Workload, target: Target, rng: np.random.Generator) -> Schedule:
    """A schedule drawn token by token, never the default. The workload must have others."""
    default = backend(target).DEFAULT
    tokens = [default]
    while tokens[0] == default:
        tokens = grammar(workload, target).sample(rng)
    return decode(tokens, space_maker(workload, target))


def default_schedule(workload: Workload, target: Target) -> Schedule | None:
    """The schedule "leave it to IREE"; None where what IREE does gives wrong values."""
    default = backend(target).DEFAULT
    if default not in grammar(workload, target).cursor().allowed():
        return None
    return decode([default, END], space_maker(workload, target))


def facts(
    workload: Workload, target: Target, schedules: Sequence[Schedule], own: Schedule | None
) -> list[dict[str, float]]:
    """Static facts about each schedule, by name, for the judge; `own` is what IREE would do.

    Raises TargetError for a backend that has none.
    """
    if target.backend not in FACTS:
        known = ", ".join(FACTS)
        raise TargetError(f"no facts about schedules for '{target.backend}'; there are for {known}")
    found: list[dict[str, float]] = FACTS[target.backend].facts(workload, target, schedules, own)
    return found


def estimate(workload: Workload, target: Target, schedule: Schedule) -> float:
    """How long a schedule is estimated to take, in a unit of the backend's own. Not the default.

    Raises TargetError for a backend that has no estimate.
    """
    if target.backend not in ESTIMATES:
        known = ", ".join(ESTIMATES)
        raise TargetError(f"no estimate for '{target.backend}'; there are for {known}")
    found: float = ESTIMATES[target.backend].estimate(workload, target, schedule)
    return found


def attributes(
    workload: Workload, target: Target, schedule: Schedule
) -> list[dict[str, str]]:
    """Text of the attributes by name that a schedule gives each op, in the order of
    `workload.ops`. Not the default."""
    module = backend(target)
    found = [
        {LOWERING: config} if config else {}
        for config in module.lowering_configs(workload, schedule)
    ]
    if target.backend in DECOMPOSED:
        parts = DECOMPOSED[target.backend].decomposition_config(workload, schedule)
        found[workload.root].update({DECOMPOSITION: parts} if parts else {})
    return found


def function_attributes(
    workload: Workload, target: Target, schedule: Schedule
) -> dict[str, str]:
    """Text of the attributes by name that a schedule gives the function. Not the default."""
    found = {TRANSLATION: backend(target).translation_info(workload, schedule)}
    if target.backend in KERNELS:
        found |= KERNELS[target.backend].kernel_attributes(schedule)
    return found


def imitate(workload: Workload, target: Target, configuration: str) -> Schedule | None:
    """The schedule closest to what IREE chose by itself; None where nothing here is alike.

    `configuration` is the text of the attributes that IREE set (`iree.executables.configuration`).
    On GPUs the schedule need not be of the space.
    """
    found: Schedule | None = IMITATIONS[target.backend].imitate(workload, target, configuration)
    return found


def graph_space(workload: Workload, target: Target) -> Space:
    """The graph-level decision for one op, from the start.

    Raises TargetError for a backend that has none.
    """
    if target.backend not in GRAPH_BACKENDS:
        known = ", ".join(GRAPH_BACKENDS)
        raise TargetError(f"no graph decisions for '{target.backend}'; there are for {known}")
    found: Space = GRAPH_BACKENDS[target.backend].graph_space(workload, target)
    return found


def graph_space_maker(workload: Workload, target: Target) -> Callable[[], Space]:
    """What makes a fresh walk through that decision."""
    return partial(graph_space, workload, target)


def graph_grammar(workload: Workload, target: Target) -> Grammar:
    """The grammar of that decision."""
    return Grammar(graph_space_maker(workload, target))
