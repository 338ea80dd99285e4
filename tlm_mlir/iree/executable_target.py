# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The `#hal.executable.target` of a dispatch that stands alone (`iree.executables`): whose code it
becomes. The first line of the dispatch's text holds it, and nothing else there depends on it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iree.compiler import ir

from ..errors import InputError
from .module import named
from .ops import GLOBAL
from .phases import PREPROCESSING
from .session import Session

CPU = "llvm-cpu"
"""The backend of targets that are CPUs."""
_BACKEND = re.compile(r'target<"([\w-]+)"')
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[<>]')
_ATTRIBUTE = "#hal.executable.target<"
_PROGRAM = "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }"


def device_target(module: ir.Operation) -> str:
    """Text of a program's device target, as `targets.target.cpu_target` reads it.

    It is there from the phase `preprocessing` on; empty where the program has no device.
    """
    for operation in named(module, GLOBAL):
        if "initial_value" in operation.attributes:
            text = str(operation.attributes["initial_value"])
            if text.startswith("#hal.device.target"):
                return text
    return ""


def executable_targets(module: ir.Operation) -> list[str]:
    """Texts of the different executable targets of a program's devices, in their order.

    They are there from the phase `preprocessing` on.
    """
    found: dict[str, None] = {}
    for operation in named(module, GLOBAL):
        if "initial_value" in operation.attributes:
            text = str(operation.attributes["initial_value"])
            for start in re.finditer(re.escape(_ATTRIBUTE), text):
                found.setdefault(_closed(text[start.start() :]))
    return list(found)


def _closed(text: str) -> str:
    """The attribute that a text begins with, to the bracket that closes it."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"<": 1, ">": -1}.get(found.group(), 0)
        if not depth and found.group() == ">":
            return text[: found.end()]
    return text


def backend(attribute: str) -> str:
    """The backend that an attribute's text names: "llvm-cpu", "cuda" or another, empty for none."""
    found = _BACKEND.search(attribute)
    return found.group(1) if found else ""


def attribute_of(flags: Sequence[str]) -> str:
    """Text of the attribute that IREE gives programs under its flags for a CPU."""
    session = Session(flags)
    module = session.run(session.parse_text(_PROGRAM, "a program"), None, PREPROCESSING)
    return executable_targets(module)[0]


def exchanged(source: str, attribute: str) -> str:
    """A dispatch's text with another target. Raises InputError where it begins with none."""
    alias, _, rest = _parts(source)
    return f"{alias}{attribute}{rest}"


def attribute_in(source: str) -> str:
    """The attribute that a dispatch's text holds. Raises InputError where it begins with none."""
    return _parts(source)[1]


def _parts(source: str) -> tuple[str, str, str]:
    """What comes before the attribute, the attribute, and what comes after."""
    line, newline, rest = source.partition("\n")
    alias, found, attribute = line.partition(_ATTRIBUTE)
    if not found:
        raise InputError("a dispatch's text does not begin with its target; make the corpus again")
    return alias, found + attribute, newline + rest
