# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running registered passes on a whole program, before its dispatches are formed."""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir, passmanager

from .invocation import refusals
from .ops import FUNCTION


def run_on_program(
    module: ir.Operation, passes: Sequence[str] = (), functions: Sequence[str] = ()
) -> None:
    """Runs passes on a module, then others on each of its functions, in place.

    Raises CompileError with IREE's first diagnostic when one of them fails.
    """
    nested = f"{FUNCTION}({','.join(functions)})" if functions else ""
    pipeline = ",".join((*passes, *([nested] if nested else [])))
    with module.context, refusals():
        passmanager.PassManager.parse(f"builtin.module({pipeline})").run(module)
