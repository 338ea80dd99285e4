# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The filter `tlm-schedule`: one `hal.executable` on standard input, scheduled on standard output.

It is for `iree-compile --iree-hal-preprocess-executables-with=tlm-schedule`. Whatever fails, the
executable passes through as it is, with one line on standard error and exit status 0: a filter that
fails would fail the compile.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from contextlib import suppress

from . import meeting, tally

_ATTEMPTS = 3
"""How often a helper is asked that ends before it answers. From the second time on it works on that
executable alone, so that one that ends helpers does not end them for others."""
_SECONDS = 600.0
_USAGE = """\
usage: tlm-schedule [--cores=N] [--stop]

Reads one hal.executable and writes it with schedules. Meant to be called by
  iree-compile {flag}=tlm-schedule
  --cores=N  threads that will run the program, this machine's unless given
  --stop     end the helper process of this user
"""


class Unanswered(Exception):
    """Why an executable passes through as it is."""


def main() -> int:
    """The program `tlm-schedule`."""
    arguments = sys.argv[1:]
    if "--help" in arguments:
        # Here alone, where time does not matter.
        from ..iree.flags import FILTER

        print(_USAGE.format(flag=FILTER), end="")
        return 0
    if "--stop" in arguments:
        return _stop()
    text = sys.stdin.buffer.read()
    try:
        cores = _cores(arguments)
        answer = b"" if _at_load(text) else _answer(text, cores)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        tally.passed(reason)
        with suppress(OSError):
            print(f"tlm-schedule: {reason}; the executable stays as it is", file=sys.stderr)
        answer = b""
    sys.stdout.buffer.write(answer or text)
    sys.stdout.flush()
    return 0


def _cores(arguments: list[str]) -> int:
    """The number of threads that will run the program. Raises Unanswered for other arguments."""
    cores = 0
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name != "--cores" or not value.isdecimal() or not int(value):
            raise Unanswered(f"{argument} is not understood, only --cores=N")
        cores = int(value)
    return cores or len(os.sched_getaffinity(0))


def _at_load(text: bytes) -> bool:
    """Whether an executable runs once, when its program loads: not worth a question.

    IREE names it after the initializer that launches it (Flow/Transforms, OutlineDispatchRegions).
    """
    _, _, rest = text.partition(b"hal.executable ")
    _, _, name = rest[:80].partition(b"@")
    before, initializer, after = name.partition(b"_initializer_")
    number, dispatch, _ = after.partition(b"_dispatch_")
    if before or not (initializer and dispatch and number.isdigit()):
        return False
    tally.scheduled(0, 1)
    return True


def _answer(text: bytes, cores: int) -> bytes:
    """The scheduled executable, nothing where it stays as it is."""
    path = meeting.address()
    for attempt in range(_ATTEMPTS):
        with meeting.connect(path) or _start(path) as connection:
            reply = _asked(connection, b"%d %d\n%s" % (cores, attempt, text))
        head, _, rest = reply.partition(b"\n")
        if head.startswith(meeting.REFUSAL):
            raise Unanswered(head.removeprefix(meeting.REFUSAL).decode(errors="replace"))
        counts = head.split()
        # A helper that ends in the middle has said less than it wanted.
        if len(counts) == 3 and counts[2] == b"%d" % len(rest):
            tally.scheduled(int(counts[0]), int(counts[1]))
            return rest
    raise Unanswered("the helper process ends before it answers")


def _asked(connection: socket.socket, request: bytes) -> bytes:
    """What a helper answers, cut short where it ends."""
    connection.settimeout(_SECONDS)
    try:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return meeting.receive(connection)
    except ConnectionError:
        return b""


def _start(path: str) -> socket.socket:
    """A connection to a new helper, or to one that another filter has just started."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection = meeting.connect(path)
        if connection is None:
            _spawn(path)
            connection = meeting.connect(path)
    finally:
        os.close(lock)
    if connection is None:
        raise Unanswered(f"no helper process starts; {path}.log may tell why")
    return connection


def _spawn(path: str) -> None:
    """Starts a helper, and returns once it takes requests or has ended."""
    # Takes a while to import, and is needed for a helper alone.
    import subprocess

    # Without the folder at hand among the places that modules come from, which may be anyone's.
    command = [sys.executable, "-P", "-m", f"{__package__}.helper", path]
    # What this process can import, the other one can.
    places = os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))
    with open(f"{path}.log", "wb") as log:
        helper = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "PYTHONPATH": places},
            cwd="/",
            start_new_session=True,
        )
    assert helper.stdout is not None
    helper.stdout.readline()
    helper.stdout.close()


def _stop() -> int:
    """Ends the helper, if there is one."""
    connection = meeting.connect(meeting.address())
    if connection is not None:
        with connection:
            _asked(connection, meeting.STOP)
    return 0
