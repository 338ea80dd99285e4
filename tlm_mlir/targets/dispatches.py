# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Dispatches in the form in which their backends read and configure them."""

from __future__ import annotations

from dataclasses import replace

from iree.compiler import ir

from ..errors import TargetError
from ..ir import dispatch as reader
from ..ir.dispatch import Dispatch
from ..iree.executables import executables, run_on_functions, variants
from . import registry
from .backend import Backend


def normalize(module: ir.Operation) -> None:
    """Runs on all dispatch functions what IREE itself runs before it configures them.

    What is read is then what the configuration will be attached to. Functions in this form already
    stay in it, but constants may move in front of the ops that use them; functions for backends
    that are not known stay as they are. Raises CompileError when a pass fails.
    """
    passes = {
        variant: found.normalization if (found := _backend(variant)) else ()
        for executable in executables(module)
        for variant in variants(executable)
    }
    if len(kinds := set(passes.values())) == 1:
        # All at once, so that functions share the cores.
        passes = {module: kinds.pop()}
    for operation, needed in passes.items():
        if needed:
            run_on_functions(operation, needed)


def swap_operands(dispatch: Dispatch) -> Dispatch:
    """The dispatch, whose root op multiplies in the order that IREE lowers well from now on, if it
    is a contraction whose code depends on that. What it computes stays the same."""
    found = _known(dispatch.target)
    if found is None or not found.swaps_operands:
        return dispatch
    return replace(dispatch, reading=reader.swap_operands(dispatch.reading))


def _backend(variant: ir.Operation) -> Backend | None:
    return _known(str(variant.attributes["target"]))


def _known(attribute: str) -> Backend | None:
    """The backend that an attribute names; None where it is not known."""
    try:
        return registry.of_attribute(attribute)
    except TargetError:
        return None
