# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is known of a CUDA kernel that nobody has run: NVIDIA's assembler and the PTX itself tell.

`ptxas` (of the CUDA toolkit) gives registers and what is spilled of them; the PTX gives threads and
how many instructions of each class it holds, loops counted once; IREE gives the shared memory.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from iree.compiler import ir

from ..compiler.fallback import TRANSLATED
from ..compiler.session import Session
from ..errors import CompileError
from ..ir.graph import walk
from ..targets.gpu_machine import held
from ..targets.target import GpuTarget

ASSEMBLER = "ptxas"
TIMEOUT = 300.0
CLASSES = {
    "mma": r"w?mma\b",
    "fma": r"fma\b",
    "arithmetic": r"(add|sub|mul|div|max|min|ex2|rcp|sqrt)\b.*\.b?f(16|32|64)",
    "global": r"(ld|st)\.global",
    "shared": r"(ld|st)\.shared|cp\.async",
    "barrier": r"bar\b",
}
"""Instructions by the beginnings of their names (PTX ISA 8.0); all others are OTHER."""
_ARCHITECTURE = re.compile(r"^\.target (\w+)", re.MULTILINE)
_THREADS = re.compile(r"^\.maxntid (\d+), (\d+), (\d+)", re.MULTILINE)
_PREDICATE = r"(?:@!?%p\d+ +)?"
_INSTRUCTION = re.compile(rf"^\s+{_PREDICATE}([a-z]\w*(?:\.[\w:]+)*)[\s;]", re.MULTILINE)
_SPILLS = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
_USED = re.compile(r"Used (\d+) registers")

SHARED = "workgroup_local_memory"
OTHER = "other"

Statics = dict[str, int]


def serves(flags: Sequence[str]) -> bool:
    """Whether IREE's flags are for CUDA and NVIDIA's assembler is installed."""
    cuda = any(re.match(r"--iree-hal-target-device=(cuda|.*cuda-nvptx)", flag) for flag in flags)
    return cuda and shutil.which(ASSEMBLER) is not None


class Kernels:
    """Compiles programs for CUDA and tells what their kernels are like.

    Needs NVIDIA's assembler (`serves`).
    """

    def __init__(self, flags: Sequence[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tlm-ptx-")
        dump = f"--iree-hal-dump-executable-binaries-to={self._folder.name}"
        self._session = Session([*flags, dump])

    @property
    def session(self) -> Session:
        """The session whose modules can be compiled."""
        return self._session

    def finish(
        self, module: ir.Operation, start: str | None, out: Path, target: GpuTarget
    ) -> Statics:
        """Compiles a module of one kernel from a phase on to `out`; consumes it.

        Returns registers and spilled bytes of a thread, threads and shared bytes of a workgroup,
        how many workgroups a compute unit holds, and the instructions of each class. Raises
        CompileError when IREE or the assembler refuses it.
        """
        folder = Path(self._folder.name)
        try:
            module = self._session.run(module, start, TRANSLATED)
            shared = max(map(_shared_bytes, walk(module)), default=0)
            self._session.finish(module, TRANSLATED, out)
            (path,) = folder.glob("*.ptx")
            return statics(path, shared, target)
        finally:
            for path in folder.iterdir():
                path.unlink()


def statics(path: Path, shared: int, target: GpuTarget) -> Statics:
    """The same of a file of PTX with one kernel, which has so many `shared` bytes.

    Raises CompileError when the assembler refuses it.
    """
    text = path.read_text()
    (architecture,) = _ARCHITECTURE.findall(text)
    command = [ASSEMBLER, "-v", f"--gpu-name={architecture}", str(path), "-o", os.devnull]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise CompileError(f"{ASSEMBLER} takes more than {TIMEOUT:.0f} s for a kernel") from None
    if done.returncode:
        raise CompileError(f"{ASSEMBLER} refuses a kernel: {done.stderr.strip()[:300]}")
    ((x, y, z),) = _THREADS.findall(text)
    threads = int(x) * int(y) * int(z)
    registers = int(_USED.findall(done.stderr)[0])
    counts = Counter(_class(name) for name in _INSTRUCTION.findall(text))
    return {
        "registers": registers,
        "spilled": sum(map(int, _SPILLS.findall(done.stderr)[0])),
        "threads": threads,
        "shared": shared,
        "resident": held(target, -(-threads // target.subgroup), registers, shared),
        **{f"{name} instructions": counts[name] for name in (*CLASSES, OTHER)},
    }


def _class(name: str) -> str:
    return next((kind for kind, start in CLASSES.items() if re.match(start, name)), OTHER)


def _shared_bytes(operation: ir.Operation) -> int:
    """What an export says that its workgroups need."""
    if SHARED not in operation.attributes:
        return 0
    return ir.IntegerAttr(operation.attributes[SHARED]).value
