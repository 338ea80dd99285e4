# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The building blocks of `passes/`: sequences that scripts include, and lists of passes.

A script has to work by itself, with stock `iree-compile`, so that the sequences it includes are
copied into it. Whoever applies a script can tell whether such a copy is the library's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from iree.compiler import ir

from ..errors import InputError
from .module import body, reading_context, symbol, walk

_PACKAGED = Path(__file__).resolve().parents[1] / "_passes"
_SOURCE = Path(__file__).resolve().parents[2] / "passes"
"""Where `passes/` is in an installed package and in the source tree."""
SEQUENCE = "transform.named_sequence"
INCLUDE = "transform.include"
PARAMETER = "transform.param.constant"
"""Ops of the transform dialect."""
_LIST = ".passlist"
_COMMENT, _SPLICE = "//", "include "


@dataclass(frozen=True)
class Sequence:
    """A named sequence of the library: its `file` below `passes/` and its canonical `text`."""

    file: str
    text: str


def folder() -> Path:
    """Where the library is. Raises InputError where the package has lost it."""
    for path in (_PACKAGED, _SOURCE):
        if path.is_dir():
            return path
    raise InputError(f"{_PACKAGED} does not exist; install tlm-mlir again")


@cache
def sequences() -> dict[str, Sequence]:
    """All sequences of the library by name."""
    found: dict[str, Sequence] = {}
    for path in sorted(folder().rglob("*.mlir")):
        module = ir.Module.parse(path.read_text(), reading_context())
        for operation in body(module.operation):
            file = path.relative_to(folder()).as_posix()
            found[symbol(operation)] = Sequence(file, canonical(operation))
    return found


def canonical(operation: ir.Operation) -> str:
    """Text of an op that depends neither on its context nor on what stands around it."""
    text: str = operation.get_asm(use_local_scope=True)
    return text.strip()


def complete(script: ir.Module) -> None:
    """Copies the sequences of the library that a script includes, to its end."""
    operations = body(script.operation)
    present = {symbol(operation) for operation in operations if operation.name == SEQUENCE}
    wanted = {name for operation in operations for name in included(operation)}
    missing = sorted((wanted - present) & sequences().keys())
    if not missing:
        return
    text = "\n".join(sequences()[name].text for name in missing)
    context = script.context
    with context, ir.Location.unknown():
        header = "module attributes {transform.with_named_sequence} {\n"
        library = ir.Module.parse(f"{header}{text}\n}}", context)
        for operation in body(library.operation):
            operation.clone(ip=ir.InsertionPoint(script.body))


def is_own(operation: ir.Operation) -> bool:
    """Whether a named sequence is the library's of that name, to the letter."""
    known = sequences().get(symbol(operation))
    return known is not None and canonical(operation) == known.text


@cache
def pass_list(name: str) -> str:
    """A list of passes, such as "codegen/cpu/double_tiling", as MLIR reads it.

    Raises InputError where the library has no such list.
    """
    return ",".join(_passes(folder() / f"{name}{_LIST}"))


@cache
def pass_lists() -> frozenset[str]:
    """All lists of the library as MLIR reads them."""
    files = (path.relative_to(folder()) for path in folder().rglob(f"*{_LIST}"))
    return frozenset(pass_list(path.with_suffix("").as_posix()) for path in files)


def _passes(path: Path) -> Iterator[str]:
    """One pass a line; `include NAME` stands for the list of that name beside it."""
    if not path.is_file():
        raise InputError(f"passes/ has no list {path.stem}; give the name of a file there")
    for line in path.read_text().splitlines():
        text = line.partition(_COMMENT)[0].strip()
        if text.startswith(_SPLICE):
            yield from _passes(path.with_name(text.removeprefix(_SPLICE) + _LIST))
        elif text:
            yield text


def included(operation: ir.Operation) -> set[str]:
    """Names of the sequences that an op includes."""
    return {
        ir.FlatSymbolRefAttr(inner.attributes["target"]).value
        for inner in walk(operation)
        if inner.name == INCLUDE
    }
