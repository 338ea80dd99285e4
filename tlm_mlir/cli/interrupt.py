# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ctrl-C that ends a command at once, though no Python runs while IREE compiles."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, current_thread, main_thread

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ends: that of shells, 128 and the number of SIGINT."""
GRACE = 0.3
"""Seconds for Python to end by itself, and to take back files that are half-written."""


@contextmanager
def ends_at_once(before_end: Callable[[], None]) -> Iterator[None]:
    """Ends the process on Ctrl-C in a block, after a moment in which Python may do so itself.

    `before_end` is called where Python did not. Does nothing but in the main thread, which alone
    gets signals. The handler of a signal runs between two steps of Python; the byte that Python
    writes at once is what a thread waits for here.
    """
    if current_thread() is not main_thread():
        yield
        return
    # Sockets: Python cannot write to pipes so on every system.
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    earlier = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    done, told = Event(), Event()
    Thread(target=_watch, args=(reading, done, told, before_end), daemon=True).start()
    try:
        yield
        done.set()
    except KeyboardInterrupt:
        # Python has noticed. Threads of a pool may still keep the process, so the watch goes on.
        told.set()
        raise
    except BaseException:
        done.set()
        raise
    finally:
        signal.set_wakeup_fd(earlier)
        writing.close()


def _watch(
    reading: socket.socket, done: Event, told: Event, before_end: Callable[[], None]
) -> None:
    """Waits for the byte of SIGINT, or for the end of the block."""
    while byte := reading.recv(1):
        if byte[0] == signal.SIGINT and not done.wait(GRACE):
            if not told.is_set():
                before_end()
                print("tlm-mlir: interrupted; nothing was written", file=sys.stderr, flush=True)
            os._exit(INTERRUPTED)
    reading.close()
