# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A command in a process of its own, so that whatever ends it is told in a sentence.

IREE and LLVM end the process over some input, by a signal or by `exit`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

RELAYED = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    if name in signal.Signals.__members__
)
"""Signals that are meant for the command, whoever gets them. Not every system has all."""
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl.h.


def supervised(command: Callable[[], int], ended: Callable[[str], int]) -> int:
    """The status of a command that runs in a child process.

    Where a signal ends the child, `ended` is called with the signal's name. A signal that was sent
    to stop the command stops this process as well. On a system that cannot fork the command runs
    here.
    """
    if not (hasattr(os, "fork") and hasattr(signal, "sigwaitinfo")):
        return command()
    sys.stdout.flush()
    sys.stderr.flush()
    waited = {*RELAYED, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    parent = os.getpid()
    child = os.fork()
    if not child:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _die_with(parent)
        return command()
    code = os.waitstatus_to_exitcode(_wait(child, waited))
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if code >= 0:
        return code
    if -code in RELAYED:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(parent, -code)
    return ended(signal.Signals(-code).name)


def _wait(child: int, waited: set[signal.Signals]) -> int:
    """The child's status once it has ended; signals that were sent to this process reach it."""
    while True:
        found = signal.sigwaitinfo(waited)
        if found.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
        elif found.si_code <= 0:
            # From a process: a terminal's Ctrl-C has reached the child by itself.
            os.kill(child, found.si_signo)


def _die_with(parent: int) -> None:
    """Has Linux end this process when its parent ends, which a kill would not tell it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
