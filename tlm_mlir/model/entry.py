# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files with compiled steps: named by all that code depends on, with a hash of their content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tlm_mlir.errors import CompileError
from tlm_mlir.files import write_bytes

_MAGIC = b"tlm-step-1\n"


def key(step: bytes, flags: Sequence[str], *more: str) -> str:
    """A digest of a step's text, IREE's version, its flags, and what else code depends on."""
    from iree.compiler import version

    digest = hashlib.sha256()
    for part in (step, version.VERSION.encode(), "\n".join(flags).encode(), *map(str.encode, more)):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:32]


def read(path: Path) -> bytes | None:
    """The bytecode in a file; None where there is no file, or a damaged one."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head = len(_MAGIC) + 32
    body = data[head:]
    good = data[:head] == _MAGIC + hashlib.sha256(body).digest()
    return body if good else None


def write(path: Path, binary: bytes) -> None:
    """Writes bytecode, aside and renamed. Raises InputError or OSError where that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, _MAGIC + hashlib.sha256(binary).digest() + binary)


def compile_step(source: Path, flags: Sequence[str]) -> bytes:
    """The bytecode of a step, compiled in a process of its own.

    Raises CompileError if IREE refuses it.
    """
    from iree.compiler import tools

    try:
        # As text, so that the code does not tell where the file was.
        binary = tools.compile_str(source.read_bytes(), extra_args=list(flags))
    except tools.CompilerToolError as error:
        line = next((s for s in str(error).splitlines() if "error" in s), "no diagnostics")
        raise CompileError(
            f"IREE cannot compile the model's step {source} ({line.strip()}); check that the "
            "checkpoint fits this version of tlm-mlir"
        ) from None
    if not binary:
        raise CompileError(f"IREE gave no module for {source}; reinstall iree-base-compiler")
    return bytes(binary)
