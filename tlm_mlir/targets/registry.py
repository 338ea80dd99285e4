# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which module serves which backend."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType

from ..errors import TargetError
from ..ir.workload import Workload
from ..language.grammar import Grammar
from ..language.schedule import Schedule
from ..language.space import Space
from . import llvm_cpu, llvm_cpu_default, llvm_cpu_graph
from .target import Target

BACKENDS: dict[str, ModuleType] = {"llvm-cpu": llvm_cpu}
GRAPH_BACKENDS: dict[str, ModuleType] = {"llvm-cpu": llvm_cpu_graph}
"""Backends with decisions about the ops of a whole program."""
IMITATIONS: dict[str, ModuleType] = {"llvm-cpu": llvm_cpu_default}
"""Backends whose own choices can be read back."""


def backend(target: Target) -> ModuleType:
    """The module with `space`, `restructuring`, `translation_info` and `lowering_configs`.

    Raises TargetError for a backend that has none.
    """
    try:
        return BACKENDS[target.backend]
    except KeyError:
        known = ", ".join(BACKENDS)
        raise TargetError(f"unknown target '{target.backend}'; known are {known}") from None


def passes() -> frozenset[str]:
    """The registered passes that schedules of some backend run on a function."""
    return frozenset().union(*(module.PASSES for module in BACKENDS.values()))


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


def imitate(workload: Workload, target: Target, configuration: str) -> Schedule | None:
    """The schedule closest to what IREE chose by itself; None where the space has nothing alike.

    `configuration` is the text of the attributes that IREE set (`measure.interface`).
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
