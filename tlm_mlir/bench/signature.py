# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a module's function takes once it is compiled.

The types in the source are not what the program takes: a module from torch has torch's types, and
IREE demotes f64 to f32 unless a flag forbids it. So IREE is asked, at the phase that makes the
functions which the runtime calls.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from iree.compiler import ir

from ..errors import CompileError, InputError
from ..iree.invocation import first_line
from ..iree.session import Session, iree_compile
from .inputs import Declared, declared

ABI = "abi"
"""The phase in which IREE gives functions the types that the runtime passes."""
_VIEW = "!hal.buffer_view"
_ASYNC = "$async"
"""Functions with fences are what synchronous ones of the name without this ending call."""
_TAKES = re.compile(r"%input\d+: ((?:[^,(){}<>]|<(?:[^<>]|<[^<>]*>)*>)+)")
_UNUSED = "tensor<f32>"
"""Of an input that nothing reads, nothing says the type and nothing depends on it."""
_BRIEF = ("--mlir-elide-elementsattrs-if-larger=8", "--mlir-elide-resource-strings-if-larger=8")


def source_inputs(source: Path, function: str = "", flags: Sequence[str] = ()) -> list[Declared]:
    """The inputs of a module's function (`main`, or the first public one) under IREE's `flags`.

    Raises CompileError when IREE refuses the module, InputError for a missing function, or inputs
    that benchmarks cannot make.
    """
    if not source.is_file():
        raise InputError(f"{source} does not exist; give the path of a .mlir file")
    result = iree_compile(str(source), [*flags, f"--compile-to={ABI}", *_BRIEF])
    if result.returncode:
        raise CompileError(f"{source} does not compile: {first_line(result.stderr)}")
    module = Session([]).parse_text(result.stdout, str(source))
    functions = _public_functions(module)
    names = [name for name in functions if not name.endswith(_ASYNC)] or list(functions)
    name = function or ("main" if "main" in names else next(iter(names), ""))
    if name not in functions:
        known = ", ".join(names) or "none"
        raise InputError(f"{source} has no public function '{name}'; it has {known}")
    count = len(_arguments(functions[name]))
    return _inputs(functions.get(name + _ASYNC, functions[name]))[:count]


def _public_functions(module: ir.Operation) -> dict[str, ir.Operation]:
    found = {}
    for view in module.regions[0].blocks[0].operations:
        operation = view.operation
        if operation.name == "util.func" and "private" not in _visibility(operation):
            found[ir.StringAttr(operation.attributes["sym_name"]).value] = operation
    return found


def _visibility(operation: ir.Operation) -> str:
    attributes = operation.attributes
    return str(attributes["sym_visibility"]) if "sym_visibility" in attributes else ""


def _arguments(function: ir.Operation) -> list[ir.Value]:
    return list(function.regions[0].blocks[0].arguments)


def _inputs(function: ir.Operation) -> list[Declared]:
    attributes = function.attributes
    reflection = str(attributes["iree.reflection"]) if "iree.reflection" in attributes else ""
    texts = declaration_inputs(reflection)
    found = []
    for argument in _arguments(function):
        text = str(argument.type)
        if text == _VIEW:
            place = argument.arg_number
            text = _tensor(argument) or (texts[place] if place < len(texts) else _UNUSED)
        elif text == "!hal.fence":
            continue
        found.append(declared(text))
    return found


def _tensor(argument: ir.BlockArgument) -> str:
    """The tensor that a buffer is read as, or written as where it is only written."""
    for use in argument.uses:
        operation = use.owner.operation if hasattr(use.owner, "operation") else use.owner
        if operation.name in ("hal.tensor.import", "hal.tensor.alias"):
            return str(operation.results[0].type)
    return ""


def declaration_inputs(declaration: str) -> list[str]:
    """The types of inputs in IREE's description of a function (`iree.abi.declaration`)."""
    return [text.strip() for text in _TAKES.findall(declaration.split("->")[0])]
