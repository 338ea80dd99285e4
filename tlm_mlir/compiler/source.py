# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a compile takes: a file of MLIR or ONNX, MLIR text, its bytes or a module."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from iree.compiler import ir

from ..files import STANDARD_INPUT, read_bytes, shown
from ..iree.from_onnx import SUFFIX, import_onnx
from ..iree.session import Session


@runtime_checkable
class Exported(Protocol):
    """What `iree.turbine.aot.export` gives."""

    @property
    def mlir_module(self) -> ir.Operation:
        """The program."""


Given: TypeAlias = str | PathLike[str] | bytes | ir.Module | ir.Operation | Exported
"""A path (ONNX where it ends so), MLIR text (a `str` with a line break), bytes of either kind of
MLIR, a module, or a program that iree-turbine has exported from torch."""


@dataclass(frozen=True)
class Source:
    """A program as it was given; it can be parsed again. `name` is what errors call it."""

    name: str
    content: Path | bytes

    @classmethod
    def of(cls, given: Given | Source) -> Source:
        """The source that was given; what can be read only once is read here.

        A module is copied, with its locations. Raises InputError for input that cannot be read.
        """
        if isinstance(given, Source):
            return given
        if isinstance(given, Exported):
            given = given.mlir_module
        if isinstance(given, (ir.Module, ir.Operation)):
            stream = BytesIO()
            given.operation.write_bytecode(stream)
            return cls("the module", stream.getvalue())
        if isinstance(given, bytes):
            return cls("the module", given)
        if isinstance(given, str) and "\n" in given:
            return cls("the module", given.encode())
        path = Path(given)
        name = shown(path, STANDARD_INPUT)
        if path.suffix == SUFFIX and path.is_file():
            return cls(name, import_onnx(path))
        once = not path.is_file() and (path.exists() or name == STANDARD_INPUT)
        return cls(name, read_bytes(path) if once else path)

    def read(self) -> bytes:
        """The program as text or bytecode. Raises InputError when it cannot be read."""
        return read_bytes(self.content) if isinstance(self.content, Path) else self.content

    def parse(self, session: Session) -> ir.Operation:
        """The program in a session. Raises InputError when it is missing or no MLIR."""
        if isinstance(self.content, Path):
            return session.parse(self.content)
        return session.parse_bytes(self.content, self.name)
