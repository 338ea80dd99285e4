# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading and writing of the files that a user names.

The path `-` is standard input or standard output. A regular or a missing file is written aside and
renamed, so that no partial file is ever seen; a symbolic link stays, and the file that it names is
what is renamed over. Anything else, such as a device or a FIFO, is written through.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .errors import InputError

STANDARD = Path("-")
"""Standard input for a reader, standard output for a writer. A file of this name is given by its
absolute path."""
STANDARD_INPUT, STANDARD_OUTPUT = "standard input", "standard output"
"""How errors name the two."""
_DESCRIPTORS = ("/proc/", "/dev/fd/")
"""Folders whose links name what a process has open."""
_PARTIAL: set[Path] = set()
"""Files that are being written aside."""


def shown(path: Path, standard: str = STANDARD_OUTPUT) -> str:
    """A path as an error names it, `-` by what it stands for."""
    return standard if path == STANDARD else str(path)


def check_writable(paths: Iterable[Path | None]) -> None:
    """Raises InputError for a path that cannot be written, so that no long work is lost over it."""
    given = [path for path in paths if path]
    if given.count(STANDARD) > 1:
        raise InputError("two outputs cannot both be standard output; give one of them a file")
    for path in given:
        if path == STANDARD:
            continue
        if os.path.isdir(path):
            raise InputError(f"{path} cannot be written: it is a folder; give the path of a file")
        if not os.path.exists(path) and not os.path.isdir(Path(os.path.realpath(path)).parent):
            raise InputError(
                f"{path} cannot be written: its folder does not exist; make it first"
            )


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A path to write a file at, which takes the place of `path` when the block ends well.

    The name ends as that of `path` does. Raises InputError when `path` cannot be written; what was
    there is then left as it was.
    """
    try:
        place = _renamed(path)
        if place:
            yield from _beside(place)
        else:
            yield from _through(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{shown(path)} cannot be written: {reason}; free space or choose another place"
        ) from error


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A stream of bytes to what `aside` gives, on the disk before it takes the place of `path`."""
    with aside(path) as place, place.open("wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Writes a file, aside and renamed. Raises InputError when it cannot be written."""
    with opened(path) as stream:
        stream.write(content)


def write_text(path: Path, text: str) -> None:
    """Writes a text file, aside and renamed. Raises InputError when it cannot be written."""
    write_bytes(path, text.encode())


def read_bytes(path: Path) -> bytes:
    """The content of a file, a device or standard input. Raises InputError when there is none."""
    try:
        return sys.stdin.buffer.read() if path == STANDARD else path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        name = shown(path, STANDARD_INPUT)
        raise InputError(f"{name} cannot be read: {reason}; give the path of a file") from error


@contextmanager
def regular(path: Path) -> Iterator[Path]:
    """A path from which several readers in turn can read what `path` gives only once."""
    if path != STANDARD and (os.path.isfile(path) or not os.path.exists(path)):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="tlm-") as folder:
        copy = Path(folder, "standard-input.mlir" if path == STANDARD else path.name)
        copy.write_bytes(read_bytes(path))
        yield copy


def _renamed(path: Path) -> Path | None:
    """The path that a file written aside is renamed to; None where `path` is written through."""
    if path == STANDARD:
        return None
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            return None
    place = path.absolute()
    while place.is_symlink():
        if str(place).startswith(_DESCRIPTORS):
            return None
        place = place.parent.resolve() / place.readlink()
    return place


def remove_partial() -> None:
    """Removes the files that are being written, for a process that ends at once."""
    for partial in list(_PARTIAL):
        partial.unlink(missing_ok=True)


def _beside(place: Path) -> Iterator[Path]:
    partial = place.with_name(f".{secrets.token_hex(4)}.{place.name}")
    _PARTIAL.add(partial)
    try:
        yield partial
        if os.path.exists(place):
            shutil.copymode(place, partial)
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
        _PARTIAL.discard(partial)


def _through(path: Path) -> Iterator[Path]:
    """Writes elsewhere first: what is written through cannot be taken back."""
    with tempfile.TemporaryDirectory(prefix="tlm-") as folder:
        partial = Path(folder, path.name)
        yield partial
        with partial.open("rb") as source, _outlet(path) as out:
            shutil.copyfileobj(source, out)


@contextmanager
def _outlet(path: Path) -> Iterator[BinaryIO]:
    if path == STANDARD:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    # What a process has open may hold something already, which is not this file's to cut.
    regular = stat.S_ISREG(path.stat().st_mode)
    with path.open("ab" if regular else "wb") as out:
        yield out
