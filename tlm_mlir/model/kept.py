# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What was worked out and is kept in the user's cache: entries by a digest of all they depend on.

An entry is one file with a hash of its content (`entry.py`). It is written aside and renamed, so
that processes may share the folder. An entry that is damaged counts as none, and a folder that
cannot be written costs nothing but time. Where all entries take more than a bound, the least
recently used go first.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tlm_mlir.errors import InputError
from tlm_mlir.iree import library
from tlm_mlir.model import checkpoint, entry
from tlm_mlir.model.cache import host
from tlm_mlir.targets.cpu.host import cache_sizes

OFF, BOUND = "TLM_MLIR_NO_CACHE", "TLM_MLIR_CACHE_SIZE"
"""Environment variables: no cache unless empty; the most that all entries take, such as 500m."""
LARGEST = 1 << 30
"""Bytes of all entries, unless told."""
_SIZE = re.compile(r"(\d+)([kmg]?)", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_PACKAGES = ("iree-base-compiler", "iree-base-runtime", "numpy")
_STALE = 3600.0
"""Seconds after which a file that is being written was left behind."""


@dataclass(frozen=True)
class Usage:
    """What a store holds: entries and their bytes."""

    entries: int
    bytes: int


class Store:
    """Entries in a folder, of at most `bound` bytes together, which is seen to with the first of
    each `pause` entries that are put."""

    def __init__(self, folder: Path, bound: int, suffix: str, pause: int = 1) -> None:
        self.folder, self.bound = folder, bound
        self._suffix, self._pause, self._puts = suffix, pause, 0

    def get(self, key: str) -> bytes | None:
        """What is kept; None where there is no whole entry."""
        path = self._path(key)
        body = entry.read(path)
        if body is not None:
            with suppress(OSError):
                os.utime(path)
        return body

    def put(self, key: str, body: bytes) -> None:
        """Keeps something; nothing where it is larger than the bound, or cannot be written."""
        if len(body) > self.bound:
            return
        with suppress(OSError, InputError):
            entry.write(self._path(key), body)
            if self._puts % self._pause == 0:
                self._evict()
            self._puts += 1

    def usage(self) -> Usage:
        """What the folder holds now."""
        sizes = [found.st_size for _, found in self._files()]
        return Usage(len(sizes), sum(sizes))

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{self._suffix}"

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """All entries, and what other processes are writing or have left behind."""
        with suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                # Another process may have removed it.
                with suppress(FileNotFoundError):
                    if path.suffix == self._suffix:
                        yield path, path.stat()

    def _evict(self) -> None:
        """Removes the least recently used entries until the rest is within the bound."""
        found = sorted(self._files(), key=lambda item: item[1].st_mtime_ns)
        total = sum(state.st_size for _, state in found)
        for path, state in found:
            partial = path.name.startswith(".")
            if partial and time.time() - state.st_mtime < _STALE:
                continue
            if total > self.bound or partial:
                path.unlink(missing_ok=True)
                total -= state.st_size


def off() -> bool:
    """Whether the environment says that nothing is kept."""
    return bool(os.environ.get(OFF))


def bound() -> int:
    """The most bytes that the environment allows. Raises InputError for what is no size."""
    text = os.environ.get(BOUND, "").strip()
    if not text:
        return LARGEST
    found = _SIZE.fullmatch(text)
    if not found:
        raise InputError(f"{BOUND} is '{text}', which is no size; give it such as 500m or 2g")
    return int(found[1]) * _UNITS[found[2].lower()]


def surroundings(model: Path | None) -> str:
    """All that what this package works out depends on besides the question: this machine, versions,
    the files of the package and the checkpoint in `model`, or the released one.

    Raises OSError where the checkpoint has no manifest.
    """
    folder = checkpoint.default_dir() if model is None else model
    manifest = hashlib.sha256((folder / checkpoint.MANIFEST).read_bytes()).hexdigest()
    package = Path(__file__).resolve().parents[1]
    files = [*_states(folder), *_states(library.folder()), *_states(package)]
    variables = sorted(f"{k}={v}" for k, v in os.environ.items() if k.startswith("IREE_"))
    versions = [sys.version, *map(version, _PACKAGES)]
    return repr((manifest, files, variables, versions, host(), cache_sizes()))


def key(*parts: bytes | str) -> str:
    """A digest of some parts in their order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode(errors="backslashreplace") if isinstance(part, str) else part
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()[:32]


def _states(folder: Path) -> list[tuple[str, int, int]]:
    """Files of a folder, what is below included, with their sizes and times of change."""
    return sorted(
        (str(path.relative_to(folder)), state.st_size, state.st_mtime_ns)
        for path in folder.rglob("*")
        if path.suffix not in (".pyc", "") and (state := path.stat())
    )
