# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line `tlm-mlir`: a file for each command. Commands only call the library."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from ..errors import TlmError
from ..files import STANDARD_INPUT, STANDARD_OUTPUT, shown
from .interrupt import INTERRUPTED
from .parser import parse
from .supervise import supervised


def command() -> int:
    """Runs the command that this process was started for, in a process of its own.

    Whatever ends that process is told in a sentence.
    """
    options = parse()
    if not getattr(options, "supervised", True):
        return _run(options)
    return supervised(lambda: _run(options), lambda end: _failed(_ended(options, end)))


def drop_in() -> int:
    """Runs the program `tlm-iree-compile`, which becomes stock where it can."""
    return _run(parse(["iree-compile", *sys.argv[1:]]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command here. Errors of ours are one sentence on stderr and exit status 1."""
    return _run(parse(arguments))


def _run(options: argparse.Namespace) -> int:
    try:
        status = int(options.run(options) or 0)
    except TlmError as error:
        status = _failed(str(error))
    except OSError as error:
        status = _failed(_refused(error))
    except KeyboardInterrupt:
        print("tlm-mlir: interrupted; what was finished is kept", file=sys.stderr)
        status = INTERRUPTED
    return _flushed(status)


def _failed(reason: str) -> int:
    print(f"tlm-mlir: error: {reason}", file=sys.stderr)
    return 1


def _ended(options: argparse.Namespace, end: str) -> str:
    """A sentence about a command that a signal ended."""
    if end == signal.SIGKILL.name:
        return "the command was killed, as a system does that has no memory left; give it more"
    module = getattr(options, "module", None)
    what = f" on {shown(module, STANDARD_INPUT)}" if module else ""
    return f"IREE ends the process{what} by {end}; please report this input to IREE"


def _refused(error: OSError) -> str:
    """A sentence. Printing is what fails in these ways without naming a file."""
    printing = error.errno in (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF)
    if printing and not error.filename:
        return f"{STANDARD_OUTPUT} cannot be written: {error.strerror}; choose another place"
    return f"the system refused an operation: {error}; see to it and try again"


def _flushed(status: int) -> int:
    """The status once all that was printed has left, 1 where it cannot."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if not status:
            status = _failed(_refused(error))
        # What is left in the buffer would fail once more when the interpreter ends.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
