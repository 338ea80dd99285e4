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
from ..iree.flags import BRIEF, COMPILE_TO
from ..iree.module import block, named, symbol
from ..iree.ops import BUFFER_VIEW, FENCE, FUNCTION, TENSOR_ALIAS, TENSOR_IMPORT
from ..iree.phases import ABI
from ..iree.session import Session, iree_compile
from .compiling import why
from .inputs import Declared, declared

_ASYNC = "$async"
"""Functions with fences are what synchronous ones of the name without this ending call."""
_TAKES = re.compile(r"%input\d+: ((?:[^,(){}<>]|<(?:[^<>]|<[^<>]*>)*>)+)")
_UNUSED = "tensor<f32>"
"""Type of an input that nothing reads: no op says it, and no result depends on it."""


def source_inputs(source: Path, function: str = "", flags: Sequence[str] = ()) -> list[Declared]:
    """The inputs of a module's function (`main`, or the first public one) under IREE's `flags`.

    Raises CompileError when IREE refuses the module, InputError for a missing function, or inputs
    that benchmarks cannot make.
    """
    if not source.is_file():
        raise InputError(f"{source} does not exist; give the path of a .mlir file")
    result = iree_compile(str(source), [*flags, f"{COMPILE_TO}={ABI}", *BRIEF])
    if result.returncode:
        raise CompileError(f"{source} does not compile: {why(result)}")
    module = Session([]).parse_text(result.stdout, str(source))
    names = function_names(module)
    name = function or ("main" if "main" in names else next(iter(names), ""))
    if name not in names:
        known = ", ".join(names) or "none"
        raise InputError(f"{source} has no public function '{name}'; it has {known}")
    return function_inputs(module, name)


def function_names(module: ir.Operation) -> list[str]:
    """The public functions of a module at the phase ABI, in order."""
    functions = _public_functions(module)
    return [name for name in functions if not name.endswith(_ASYNC)] or list(functions)


def function_inputs(module: ir.Operation, name: str) -> list[Declared]:
    """The inputs of a public function of a module at the phase ABI.

    Raises InputError for inputs that benchmarks cannot make.
    """
    functions = _public_functions(module)
    count = len(_arguments(functions[name]))
    return _inputs(functions.get(name + _ASYNC, functions[name]))[:count]


def _public_functions(module: ir.Operation) -> dict[str, ir.Operation]:
    functions = named(module, FUNCTION)
    return {symbol(each): each for each in functions if "private" not in _visibility(each)}


def _visibility(operation: ir.Operation) -> str:
    attributes = operation.attributes
    return str(attributes["sym_visibility"]) if "sym_visibility" in attributes else ""


def _arguments(function: ir.Operation) -> list[ir.Value]:
    return list(block(function).arguments)


def _inputs(function: ir.Operation) -> list[Declared]:
    attributes = function.attributes
    reflection = str(attributes["iree.reflection"]) if "iree.reflection" in attributes else ""
    texts = declaration_inputs(reflection)
    found = []
    for argument in _arguments(function):
        text = str(argument.type)
        if text == BUFFER_VIEW:
            place = argument.arg_number
            text = _tensor(argument) or (texts[place] if place < len(texts) else _UNUSED)
        elif text == FENCE:
            continue
        found.append(declared(text))
    return found


def _tensor(argument: ir.BlockArgument) -> str:
    """The tensor that a buffer is read as, or written as where it is only written."""
    for use in argument.uses:
        operation = use.owner.operation if hasattr(use.owner, "operation") else use.owner
        if operation.name in (TENSOR_IMPORT, TENSOR_ALIAS):
            return str(operation.results[0].type)
    return ""


def declaration_inputs(declaration: str) -> list[str]:
    """The types of inputs in IREE's description of a function (`iree.abi.declaration`)."""
    return [text.strip() for text in _TAKES.findall(declaration.split("->")[0])]
