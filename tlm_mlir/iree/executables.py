# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Executables of a module from phase `executable-sources` on: what is in them, and one alone."""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir, passmanager

from .attributes import LOWERING, TRANSLATION
from .invocation import refusals
from .module import body, named, symbol, walk
from .ops import (
    ASSUME_INT,
    CONSTANT_LOAD,
    DISPATCH,
    EXECUTABLE,
    EXPORT,
    INITIALIZER,
    SUBSPAN,
    VARIANT,
)
from .passes import SPECIALIZE_EXPORTS

FUNCTION = "func.func"
_CONFIGURATION = (TRANSLATION, LOWERING)


def executables(module: ir.Operation) -> list[ir.Operation]:
    """The executables of a module, in program order."""
    return named(module, EXECUTABLE)


def variants(executable: ir.Operation) -> list[ir.Operation]:
    """The variants of an executable: one for each target that it is compiled for."""
    return named(executable, VARIANT)


def functions(variant: ir.Operation) -> list[ir.Operation]:
    """The dispatch functions of a variant that have a body."""
    return [
        function
        for module in named(variant, "builtin.module")
        for function in named(module, FUNCTION)
        if function.regions[0].blocks
    ]


def functions_of(module: ir.Operation) -> list[ir.Operation]:
    """The functions of all dispatches of a module, in program order."""
    return [
        function
        for executable in executables(module)
        for variant in variants(executable)
        for function in functions(variant)
    ]


def run_on_functions(operation: ir.Operation, passes: Sequence[str]) -> None:
    """Runs registered passes on all dispatch functions of a module or a variant, in place.

    Raises CompileError with IREE's first diagnostic when one of them fails.
    """
    nest = f"{VARIANT}(builtin.module({FUNCTION}({','.join(passes)})))"
    if operation.name != VARIANT:
        nest = f"builtin.module({EXECUTABLE}({nest}))"
    with operation.context, refusals():
        passmanager.PassManager.parse(nest).run(operation)


def specialize_exports(module: ir.Operation) -> None:
    """Gives dispatches that are annotated with ranges of their sizes a function for each, in place.

    Raises CompileError with IREE's first diagnostic when the pass fails.
    """
    nest = f"builtin.module({EXECUTABLE}({VARIANT}({SPECIALIZE_EXPORTS})))"
    with module.context, refusals():
        passmanager.PassManager.parse(nest).run(module)


def configuration(function: ir.Operation) -> str:
    """The lowering choices in force at phase `executable-configurations`, one line each.

    The first line is the function's `translation_info`; then every op with a `lowering_config`.
    """
    lines = [
        f"{operation.name} {key} = {operation.attributes[key]}"
        for operation in walk(function, outer_first=True)
        for key in _CONFIGURATION
        if key in operation.attributes
    ]
    return "\n".join(lines)


def configurations(module: ir.Operation) -> dict[str, str]:
    """The `configuration` of every dispatch function of a module, by its name."""
    return {symbol(function): configuration(function) for function in functions_of(module)}


def launches(module: ir.Operation) -> dict[str, int]:
    """How often functions launch each executable, by its symbol: 0 where only initializers do.

    A launch in a loop counts once; what nothing launches has no entry.
    """
    found: dict[str, int] = {}
    for top in body(module):
        if top.name == EXECUTABLE:
            continue
        once = int(top.name != INITIALIZER)
        for operation in walk(top):
            if operation.name == DISPATCH:
                for name in set(_entry_points(operation)):
                    found[name] = found.get(name, 0) + once
    return found


def _entry_points(operation: ir.Operation) -> list[str]:
    """Executable symbols in a dispatch's `@executable::@variant::@export` references."""
    entries = ir.ArrayAttr(operation.attributes["entry_points"])
    return [ir.SymbolRefAttr(entry).value[0] for entry in entries]


def alone(*executables: ir.Operation) -> ir.Operation:
    """A module with copies of some `hal.executable`s."""
    with executables[0].context as context, ir.Location.unknown(context):
        module = ir.Module.create()
        for executable in executables:
            executable.clone(ip=ir.InsertionPoint(module.body))
        return module.operation


def exchange(module: ir.Operation, others: ir.Operation) -> None:
    """Puts copies of the executables of `others` in the place of those of the same names."""
    new = {symbol(operation): operation for operation in executables(others)}
    for old in executables(module):
        other = new.get(symbol(old))
        if other is not None:
            other.clone(ip=ir.InsertionPoint(old))
            old.erase()


def standalone(executable: ir.Operation, name: str) -> str | None:
    """MLIR text of a module with one dispatch of an executable alone, by its function's name.

    A dispatch that its program launches at several buffer offsets receives them as push constants;
    here the offsets are zero, so that no argument is left. None when push constants mean something
    else (a dynamic shape).
    """
    with executable.context as context, ir.Location.unknown(context):
        module = alone(executable)
        (clone,) = executables(module)
        if not _zero_offsets(clone):
            return None
        for variant in variants(clone):
            _keep_only(variant, name)
        return str(module)


def _zero_offsets(executable: ir.Operation) -> bool:
    inside = walk(executable)
    loads = [operation for operation in inside if operation.name == CONSTANT_LOAD]
    assumptions = [operation for operation in inside if operation.name == ASSUME_INT]
    if not all(_only_offsets(load.results[0]) for load in loads):
        return False
    # An assumption about an offset would be false for zero, and undefined behaviour with it.
    for assumption in assumptions:
        for result, operand in zip(assumption.results, assumption.operands, strict=True):
            result.replace_all_uses_with(operand)
        assumption.erase()
    for load in loads:
        zero = ir.IntegerAttr.get(load.results[0].type, 0)
        constant = ir.Operation.create(
            "arith.constant",
            results=[load.results[0].type],
            attributes={"value": zero},
            ip=ir.InsertionPoint(load),
        )
        load.results[0].replace_all_uses_with(constant.results[0])
        load.erase()
    return True


def _only_offsets(value: ir.Value) -> bool:
    """Whether a value ends only in buffer offsets."""
    for use in value.uses:
        owner = use.owner.operation
        if owner.name in ("arith.index_castui", "arith.index_cast", ASSUME_INT):
            if not all(_only_offsets(result) for result in owner.results):
                return False
        elif owner.name in ("arith.extui", "arith.shli", "arith.ori"):
            if not all(_only_offsets(result) for result in owner.results):
                return False
        elif owner.name != SUBSPAN:
            return False
    return True


def _keep_only(variant: ir.Operation, name: str) -> None:
    """Drops the other exports and functions of a variant."""
    for operation in body(variant):
        if operation.name == EXPORT:
            if symbol(operation) != name:
                operation.erase()
        elif operation.name == "builtin.module":
            for function in named(operation, FUNCTION):
                if symbol(function) != name:
                    function.erase()
