# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One IREE compiler session in this process, stopped and continued at phases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from iree.compiler import ir
from iree.compiler.api import Output, Source

from ..errors import CompileError, InputError
from ..files import STANDARD, STANDARD_INPUT, read_bytes, shown, write_bytes
from .invocation import first_error, invoke, open_invocation, open_session, run_phases


class Session:
    """An IREE session with fixed flags. Closing is left to garbage collection, as IREE does."""

    def __init__(self, flags: Sequence[str]) -> None:
        """Raises InputError when IREE does not know a flag."""
        self._session = open_session(flags)
        # Passes that a schedule names run on many dispatches at once, and none of these threads may
        # load a dialect. The bindings crash on ops of a dialect that is not loaded, too.
        self._session.context.load_all_available_dialects()

    @property
    def context(self) -> ir.Context:
        """The session's MLIR context."""
        return self._session.context

    def parse(self, path: Path) -> ir.Operation:
        """Reads a module, text or bytecode, `-` from standard input.

        Raises InputError when it is missing or no MLIR.
        """
        return self._parse(self._open(path), shown(path, STANDARD_INPUT))

    def parse_bytes(self, content: bytes, name: str = "module") -> ir.Operation:
        """Reads a module from text or bytecode. Raises InputError when it is no MLIR."""
        return self._parse(Source.wrap_buffer(self._session, content, buffer_name="-"), name)

    def _parse(self, source: Source, name: str) -> ir.Operation:
        invocation, diagnostics = open_invocation(self._session)
        if not invocation.parse_source(source):
            raise InputError(f"{name} is not MLIR that IREE reads: {diagnostics.first()}")
        return invocation.export_module()

    def _open(self, path: Path) -> Source:
        if path.is_file():
            return Source.open_file(self._session, str(path))
        if path != STANDARD and not path.exists():
            raise InputError(f"{path} does not exist; give the path of a .mlir file")
        return Source.wrap_buffer(self._session, read_bytes(path), buffer_name="-")

    def parse_text(self, text: str, name: str = "module") -> ir.Operation:
        """Reads a module from text. Raises InputError when it is no MLIR."""
        try:
            return ir.Module.parse(text, self.context).operation.clone().operation
        except ir.MLIRError as error:
            why = first_error(error)
            raise InputError(f"{name} is not MLIR that IREE reads: {why}") from error

    def run(self, module: ir.Operation, start: str | None, stop: str | None) -> ir.Operation:
        """Compiles a module in place from one phase to another, named as `iree-compile` does.

        Raises CompileError with IREE's first diagnostic; the module is then unusable.
        """
        run_phases(self._session, module, start, stop)
        return module

    def finish(self, module: ir.Operation, start: str | None, path: Path) -> None:
        """Compiles a module from a phase (None: from its input) to a .vmfb (`files.write_bytes`).

        The module is consumed. Raises CompileError with IREE's first diagnostic.
        """
        invocation, diagnostics = invoke(self._session, module, start, None)
        try:
            # Through memory: LLVM's own file streams end the process on a full disk.
            with Output.open_membuffer() as output:
                try:
                    invocation.output_vm_bytecode(output)
                except ValueError as error:
                    raise CompileError(diagnostics.first()) from error
                write_bytes(path, output.map_memory())
        finally:
            invocation.close()


def iree_compile(
    source: str, flags: Sequence[str], text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs stock `iree-compile` in a process of its own, `text` as its standard input."""
    command = [sys.executable, "-m", "iree.compiler.tools.scripts.iree_compile", source, *flags]
    return subprocess.run(command, input=text, capture_output=True, text=True)
