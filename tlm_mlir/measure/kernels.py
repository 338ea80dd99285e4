# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is known of GPU kernels that nobody has run: a device's own compiler tells."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from iree.compiler import ir

from ..iree.flags import DUMP_BINARIES
from ..iree.module import walk
from ..iree.phases import TRANSLATED
from ..iree.session import Session
from ..targets.target import GpuTarget
from . import ptx, radv
from .statics import Assembler, Statics

SHARED = "workgroup_local_memory"
"""IREE's name for the bytes of a workgroup in shared memory, at TRANSLATED."""

class Kernels:
    """Compiles programs for a GPU and tells what their kernels are like."""

    def __init__(self, flags: Sequence[str], assembler: Assembler) -> None:
        self._assembler = assembler
        self._folder = tempfile.TemporaryDirectory(prefix="tlm-kernels-")
        dump = f"{DUMP_BINARIES}={self._folder.name}"
        self._session = Session([*flags, dump])

    @property
    def session(self) -> Session:
        """The session whose modules can be compiled."""
        return self._session

    def finish(
        self, module: ir.Operation, start: str | None, out: Path, target: GpuTarget
    ) -> Statics:
        """Compiles a module of one kernel from a phase on to `out`; consumes it.

        Raises CompileError when IREE or the device's compiler refuses it.
        """
        folder = Path(self._folder.name)
        try:
            module = self._session.run(module, start, TRANSLATED)
            shared = max(map(_shared_bytes, walk(module)), default=0)
            self._session.finish(module, TRANSLATED, out)
            (path,) = folder.glob(f"*.{self._assembler.suffix}")
            return self._assembler.statics(path, shared, target)
        finally:
            for path in folder.iterdir():
                path.unlink()


def assembler(flags: Sequence[str]) -> Assembler | None:
    """The compiler of the device that IREE's flags are for; None where none is installed."""
    return ptx.of(flags) or radv.of(flags)


def _shared_bytes(operation: ir.Operation) -> int:
    """What an export says that its workgroups need."""
    if SHARED not in operation.attributes:
        return 0
    return ir.IntegerAttr(operation.attributes[SHARED]).value
