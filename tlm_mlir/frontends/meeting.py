# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where a filter meets its helper: a Unix socket in a folder of the user's own, and what is said.

One helper serves a user, a version of the package and a checkpoint. A filter starts for every
executable, so that nothing slow to import is used here, not even `pathlib`.

The helper greets whom it takes. The filter sends a line `CORES ATTEMPT` and the executable, and
closes its side. The helper answers with a line `SCHEDULED DISPATCHES LENGTH` and so many bytes,
none where the executable stays as it is, or with a line `! REASON`.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import zlib

from .. import __version__

GREETING = b"tlm-mlir schedules executables, 1\n"
STOP = b"stop\n"
"""In place of a request it ends a helper."""
REFUSAL = b"! "
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_CHECKPOINTS = (
    os.path.join(_PACKAGE, "_model"),
    os.path.join(os.path.dirname(_PACKAGE), "model", "checkpoint"),
)
"""Where `model.checkpoint.default_dir` looks, which takes longer to import than a filter may."""
_GREETING_SECONDS = 10.0
_LONGEST = 80
"""Bytes of a folder's path: that of a socket in it has at most 103, on any system."""


class Refused(OSError):
    """A folder or a socket that is not this user's alone."""


def folder() -> str:
    """The folder of sockets, made where it is missing: in the user's runtime directory, else in the
    cache of the package, else, where the path of a socket would be too long, among temporary files.

    Raises Refused where others than the user may use it, OSError where it cannot be made.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        path = os.path.join(runtime, "tlm-mlir")
    else:
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        path = os.path.join(cache, "tlm-mlir", "run")
    if len(os.fsencode(path)) > _LONGEST:
        path = f"/tmp/tlm-mlir-{os.getuid()}"
    os.makedirs(path, mode=0o700, exist_ok=True)
    found = os.stat(path)
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Refused(f"{path} is open to other users; remove it or set XDG_RUNTIME_DIR")
    return path


def address() -> str:
    """The path of the socket for this user, version and checkpoint. Raises what `folder` does."""
    stamps = [f"{__version__} {_PACKAGE} {sys.prefix}"]
    for place in _CHECKPOINTS:
        try:
            found = os.stat(os.path.join(place, "manifest.json"))
        except OSError:
            continue
        stamps.append(f"{found.st_mtime_ns} {found.st_size}")
        break
    return os.path.join(folder(), f"{zlib.crc32(' '.join(stamps).encode()):08x}.socket")


def same_user(connection: socket.socket) -> bool:
    """Whether the other end belongs to this user, as far as the system tells."""
    if not hasattr(socket, "SO_PEERCRED"):
        # The folder lets nobody else in.
        return True
    size = struct.calcsize("3i")
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    _, user, _ = struct.unpack("3i", found)
    return bool(user == os.getuid())


def connect(path: str) -> socket.socket | None:
    """A connection to a helper that has greeted; None where none does, however that fails.

    Raises Refused for a socket of another user.
    """
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_GREETING_SECONDS)
    try:
        connection.connect(path)
        if not same_user(connection):
            raise Refused(f"{path} is another user's socket; remove it")
        if receive(connection, len(GREETING)) == GREETING:
            return connection
    except Refused:
        connection.close()
        raise
    except OSError:
        pass
    connection.close()
    return None


def receive(connection: socket.socket, most: int = -1) -> bytes:
    """What comes up to the end of the connection, or up to a number of bytes."""
    parts: list[bytes] = []
    got = 0
    while most < 0 or got < most:
        part = connection.recv(1 << 20 if most < 0 else most - got)
        if not part:
            break
        parts.append(part)
        got += len(part)
    return b"".join(parts)
