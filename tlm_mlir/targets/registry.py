# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which module serves which backend."""

from __future__ import annotations

from functools import partial
from types import ModuleType

from ..errors import TargetError
from ..ir.workload import Workload
from ..language.grammar import Grammar
from ..language.space import Space
from . import llvm_cpu
from .target import Target

BACKENDS: dict[str, ModuleType] = {"llvm-cpu": llvm_cpu}


def backend(target: Target) -> ModuleType:
    """The module with `space`, `translation_info` and `lowering_configs` for a target.

    Raises TargetError for a backend that has none.
    """
    try:
        return BACKENDS[target.backend]
    except KeyError:
        known = ", ".join(BACKENDS)
        raise TargetError(f"unknown target '{target.backend}'; known are {known}") from None


def space(workload: Workload, target: Target) -> Space:
    """The decisions for a workload on a target, from the start."""
    found: Space = backend(target).space(workload, target)
    return found


def grammar(workload: Workload, target: Target) -> Grammar:
    """The grammar of those decisions."""
    return Grammar(partial(space, workload, target))
