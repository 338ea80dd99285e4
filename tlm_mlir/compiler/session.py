# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One IREE compiler session in this process, stopped and continued at phases.

IREE's Python API wraps sessions and invocations but not the phase setters of its C API
(compiler/bindings/c/iree/compiler/embedding_api.h); they are reached through ctypes here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from iree.compiler import ir
from iree.compiler.api import Invocation, Output, Source, ctypes_dl
from iree.compiler.api import Session as IreeSession

from ..errors import CompileError, InputError

SOURCES = "executable-sources"
"""The phase after dispatches are formed and before IREE chooses a lowering for each."""


class Session:
    """An IREE session with fixed flags. Closing is left to garbage collection, as IREE does."""

    def __init__(self, flags: Sequence[str]) -> None:
        """Raises InputError when IREE does not know a flag."""
        self._session = IreeSession()
        try:
            self._session.set_flags(*flags)
        except ValueError as error:
            raise InputError(f"iree-compile refuses its flags: {_first_line(str(error))}") from error

    @property
    def context(self) -> ir.Context:
        """The session's MLIR context."""
        return self._session.context

    def parse(self, path: Path) -> ir.Operation:
        """Reads a module, text or bytecode. Raises InputError when it is missing or no MLIR."""
        if not path.is_file():
            raise InputError(f"{path} does not exist; give the path of a .mlir file")
        with self.diagnostics() as messages:
            invocation = self._invocation()
            source = Source.open_file(self._session, str(path))
            if not invocation.parse_source(source):
                why = messages[0] if messages else "it does not parse"
                raise InputError(f"{path} is not MLIR that IREE reads: {why}")
        return invocation.export_module()

    def parse_text(self, text: str, name: str = "module") -> ir.Operation:
        """Reads a module from text. Raises InputError when it is no MLIR."""
        with self.diagnostics() as messages:
            try:
                return ir.Operation.parse(text, context=self.context)
            except ir.MLIRError as error:
                why = messages[0] if messages else _first_line(str(error))
                raise InputError(f"{name} is not MLIR that IREE reads: {why}") from error

    def run(self, module: ir.Operation, start: str | None, stop: str | None) -> ir.Operation:
        """Compiles a module from one phase to another, both named as in `iree-compile --help`.

        The module is consumed. Raises CompileError with IREE's first diagnostic.
        """
        invocation = self._advance(module, start, stop)
        return invocation.export_module()

    def finish(self, module: ir.Operation, start: str, path: Path) -> None:
        """Compiles a module from a phase to a .vmfb, written aside and renamed.

        The module is consumed. Raises CompileError with IREE's first diagnostic.
        """
        invocation = self._advance(module, start, None)
        partial = path.with_name(f".{path.name}.partial")
        try:
            with Output.open_file(str(partial)) as output:
                invocation.output_vm_bytecode(output)
                output.keep()
            partial.replace(path)
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be written: {_first_line(str(error))}") from error
        finally:
            partial.unlink(missing_ok=True)

    def _advance(self, module: ir.Operation, start: str | None, stop: str | None) -> Invocation:
        with self.diagnostics() as messages:
            invocation = self._invocation()
            try:
                invocation.import_module(module)
            except RuntimeError as error:
                raise CompileError(f"IREE refuses the module: {_summary(messages)}") from error
            if start:
                _set_phase(invocation, "From", start)
            if stop:
                _set_phase(invocation, "To", stop)
            if not invocation.execute():
                raise CompileError(_summary(messages))
        return invocation

    def _invocation(self) -> Invocation:
        return self._session.invocation()

    @contextmanager
    def diagnostics(self) -> Iterator[list[str]]:
        """Collects the messages of IREE's errors instead of printing them."""
        messages: list[str] = []

        def collect(diagnostic: ir.Diagnostic) -> bool:
            if diagnostic.severity == ir.DiagnosticSeverity.ERROR:
                messages.append(diagnostic.message)
            return True

        handler = self.context.attach_diagnostic_handler(collect)
        try:
            yield messages
        finally:
            handler.detach()


def _set_phase(invocation: Any, which: str, phase: str) -> None:
    function = getattr(ctypes_dl._dylib, f"ireeCompilerInvocationSetCompile{which}Phase")
    function.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    function.restype = None
    function(invocation._inv_p, phase.encode())


def _summary(messages: Sequence[str]) -> str:
    return _first_line(messages[0]) if messages else "IREE gave no diagnostic"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:300] if text.strip() else "no reason given"
