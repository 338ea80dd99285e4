# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiled step: one that comes with the package, else from the user's cache.

The cache has one file per step, compiler and host, published by one rename.
"""

from __future__ import annotations

import platform
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from tlm_mlir.errors import InputError
from tlm_mlir.iree.flags import cpu
from tlm_mlir.model import entry, prebuilt

# Measured on an AVX-512 host: data tiling gains 6% on prefill and loses 12% on decoding, and O3
# gains nothing, so the stock flags stay.
FLAGS = cpu("host")


def cache_dir() -> Path:
    """The user's cache directory for tlm-mlir, where the system keeps such: on Linux in
    XDG_CACHE_HOME, else ~/.cache."""
    return user_cache_path("tlm-mlir", appauthor=False)


def compiled_step(source: Path, directory: Path | None = None) -> bytes:
    """The VM bytecode of the step in `source` for this host: prebuilt, from the cache, or compiled
    now.

    An entry whose content does not match its own hash is rebuilt. A cache that cannot be written
    costs time only. Raises CompileError if IREE refuses the step.
    """
    text = source.read_bytes()
    shipped = prebuilt.find(text)
    found = entry.read(shipped) if shipped else None
    if found is not None:
        return found
    path = _entry(text, directory)
    found = entry.read(path)
    if found is not None:
        return found
    binary = _compile(source)
    with suppress(OSError, InputError):
        entry.write(path, binary)
    return binary


def step_state(source: Path, directory: Path | None = None) -> str:
    """Where the compiled step in `source` comes from on this host, in words."""
    text = source.read_bytes()
    shipped, path = prebuilt.find(text), _entry(text, directory)
    if shipped and entry.read(shipped) is not None:
        return f"prebuilt, {shipped}"
    if entry.read(path) is not None:
        return f"compiled for this machine, {path}"
    found = "the entry of the cache is damaged" if path.exists() else "not compiled yet"
    return f"{found}; the next compile does that, which takes half a minute"


def _entry(text: bytes, directory: Path | None) -> Path:
    folder = cache_dir() if directory is None else directory
    return folder / f"step-{entry.key(text, FLAGS, host())}.vmfb"


def host() -> str:
    """What `target-cpu=host` depends on: two hosts with the same text run the same code."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        # Another machine with the same home may have another processor of the same name.
        return "\n".join((platform.machine(), platform.processor(), platform.node()))
    wanted = ("vendor_id", "cpu family", "model", "flags", "Features", "CPU part", "stepping")
    return platform.machine() + "\n".join(s for s in lines if s.startswith(wanted))


def _compile(source: Path) -> bytes:
    return entry.compile_step(source, FLAGS)
