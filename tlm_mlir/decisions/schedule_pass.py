# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The schedule pass: applies a script to the dispatches of a module, inside MLIR's pass manager."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from iree.compiler import ir, passmanager
from iree.compiler.dialects.transform import interpreter

from ..errors import CompileError
from ..ir.dispatch import find_dispatches
from ..iree.executables import functions_of
from ..iree.module import symbol
from ..targets.dispatches import normalize, swap_operands
from .check import check_script
from .script import find_entry, scheduled_names


class SchedulePass:
    """Verifies a script and applies its `@__kernel_config` to dispatch functions.

    `PassManager.add` takes one, for `builtin.module`; `run` is a pass manager of its own.

    Before: a module at `executable-sources`.
    After: its functions are normalized (`ir.dispatch.normalize`); scheduled ones carry a
    `translation_info`, their ops a `lowering_config`, and on CPUs contractions multiply rows by
    columns (`ir/operand_order.py`).
    """

    name = "tlm-schedule"

    def __init__(self, script: ir.Module, only: Collection[str] | None = None) -> None:
        """`only` names the functions to touch, all when None.

        Raises InputError when the script holds anything that schedules are not made of.
        """
        check_script(script.operation)
        find_entry(script)
        # What `PassManager.add` calls a pass that it is given no name for.
        self.__name__ = self.name
        self._script = script
        self._only = only

    def __call__(self, operation: Any, pass_: Any = None) -> None:
        """What the pass manager calls with the module."""
        module = operation.operation
        normalize(module)
        touched = [f for f in functions_of(module) if self._touches(symbol(f))]
        script = self._script_in(module.context)
        wanted = scheduled_names(script)
        if wanted and not wanted & {symbol(function) for function in touched}:
            raise ValueError(
                f"none of the functions that it schedules ({', '.join(sorted(wanted)[:3])}) is"
                " there; write it for this module"
            )
        self._swap_operands(module)
        entry = find_entry(script)
        for function in touched:
            interpreter.apply_named_sequence(function, entry, script.operation)

    def _script_in(self, context: ir.Context) -> ir.Module:
        """The script in a context: in that of another one its sequences would match nothing."""
        if self._script.context == context:
            return self._script
        return ir.Module.parse(str(self._script), context)

    def _swap_operands(self, module: ir.Operation) -> None:
        # Apart: a script may erase ops, and nothing may hold them then.
        for dispatch in find_dispatches(module):
            if self._touches(dispatch.name):
                swap_operands(dispatch)

    def _touches(self, name: str) -> bool:
        return self._only is None or name in self._only

    def run(self, module: ir.Operation) -> None:
        """Runs the pass on a module. Raises CompileError when it fails, or when the script has
        schedules and the module none of their functions."""
        with module.context as context:
            manager = passmanager.PassManager("builtin.module", context)
            manager.add(self, name=self.name, argument=self.name)
            try:
                manager.run(module)
            except (ir.MLIRError, ValueError) as error:
                reason = str(error).strip().splitlines()[-1]
                raise CompileError(f"the script does not fit the module: {reason}") from error
