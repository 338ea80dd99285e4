# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiled step on disk: one file per step, compiler and host, published by one rename."""

from __future__ import annotations

import hashlib
import platform
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from tlm_mlir.errors import CompileError, InputError
from tlm_mlir.files import write_bytes
from tlm_mlir.iree.flags import cpu

# Measured on an AVX-512 host: data tiling gains 6% on prefill and loses 12% on decoding, and O3
# gains nothing, so the stock flags stay.
FLAGS = cpu("host")
_MAGIC = b"tlm-step-1\n"


def cache_dir() -> Path:
    """The user's cache directory for tlm-mlir, where the system keeps such: on Linux in
    XDG_CACHE_HOME, else ~/.cache."""
    return user_cache_path("tlm-mlir", appauthor=False)


def compiled_step(source: Path, directory: Path | None = None) -> bytes:
    """The VM bytecode of the step in `source` for this host, from the cache or compiled now.

    An entry whose content does not match its own hash is rebuilt. A cache that cannot be written
    costs time only. Raises CompileError if IREE refuses the step.
    """
    path = _entry(source.read_bytes(), directory)
    found = _read(path)
    if found is not None:
        return found
    binary = _compile(source)
    _publish(path, binary)
    return binary


def step_state(source: Path, directory: Path | None = None) -> str:
    """Where the compiled step in `source` comes from on this host, in words."""
    path = _entry(source.read_bytes(), directory)
    if _read(path) is not None:
        return f"compiled for this machine, {path}"
    found = "the entry of the cache is damaged" if path.exists() else "not compiled yet"
    return f"{found}; the next compile does that, which takes half a minute"


def _entry(text: bytes, directory: Path | None) -> Path:
    return (cache_dir() if directory is None else directory) / f"step-{_key(text)}.vmfb"


def _key(text: bytes) -> str:
    from iree.compiler import version

    parts = [text, version.VERSION.encode(), _host().encode(), "\n".join(FLAGS).encode()]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:32]


def _host() -> str:
    """What `target-cpu=host` depends on: two hosts with the same text run the same code."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        # Another machine with the same home may have another processor of the same name.
        return "\n".join((platform.machine(), platform.processor(), platform.node()))
    wanted = ("vendor_id", "cpu family", "model", "flags", "Features", "CPU part", "stepping")
    return platform.machine() + "\n".join(s for s in lines if s.startswith(wanted))


def _read(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head = len(_MAGIC) + 32
    body = data[head:]
    good = data[:head] == _MAGIC + hashlib.sha256(body).digest()
    return body if good else None


def _publish(path: Path, binary: bytes) -> None:
    with suppress(OSError, InputError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, _MAGIC + hashlib.sha256(binary).digest() + binary)


def _compile(source: Path) -> bytes:
    from iree.compiler import tools

    try:
        binary = tools.compile_file(str(source), extra_args=list(FLAGS))
    except tools.CompilerToolError as error:
        line = next((s for s in str(error).splitlines() if "error" in s), "no diagnostics")
        raise CompileError(
            f"IREE cannot compile the model's step {source} ({line.strip()}); check that the "
            "checkpoint fits this version of tlm-mlir"
        ) from None
    if not binary:
        raise CompileError(f"IREE gave no module for {source}; reinstall iree-base-compiler")
    return bytes(binary)
