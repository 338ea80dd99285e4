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
from threading import Thread, current_thread, main_thread

from ..files import remove_partial

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ends: that of shells, 128 and the number of SIGINT."""


@contextmanager
def ends_at_once(before_end: Callable[[], None]) -> Iterator[None]:
    """Ends the process on Ctrl-C in a block, and takes back files that are half-written.

    `before_end` is called first. Where SIGINT is ignored it stays so, and outside of the main
    thread, which alone gets signals, nothing changes.

    No exception is raised: one in a function that IREE calls would be taken for an error of its
    own. Python writes a byte as soon as the signal comes, and a thread waits for that.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        yield
        return
    # Sockets: Python cannot write to pipes so on every system.
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    Thread(target=_watch, args=(reading, before_end), daemon=True).start()
    wakeup = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    handler = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        signal.set_wakeup_fd(wakeup)
        writing.close()


def _watch(reading: socket.socket, before_end: Callable[[], None]) -> None:
    """Waits for the byte of SIGINT, or for the end of the block."""
    with reading:
        while byte := reading.recv(1):
            if byte[0] == signal.SIGINT:
                before_end()
                remove_partial()
                print("tlm-mlir: interrupted", file=sys.stderr, flush=True)
                os._exit(INTERRUPTED)
