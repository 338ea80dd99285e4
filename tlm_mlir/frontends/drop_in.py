# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The drop-in command: the command line of stock `iree-compile`, its result scheduled.

A line that can be scheduled is compiled in a process of its own, or by stock with a filter. Where
that goes wrong, stock runs with the very arguments, so that nothing fails that it compiles, and
what it refuses is refused by itself.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NoReturn, TextIO

from ..files import STANDARD_OUTPUT
from ..iree.command_line import STANDARD, CommandLine, Route, read
from ..iree.flags import FILTER
from ..iree.stock import program
from . import tally

QUIET, OFF = "--tlm-quiet", "--tlm-off"
"""Flags of ours, which `iree-compile` does not see."""
QUIET_VARIABLE, OFF_VARIABLE = "TLM_MLIR_QUIET", "TLM_MLIR_OFF"
"""Environment variables that mean the same, unless they are empty."""
SCHEDULE = "tlm-schedule"
"""The filter's name, which `iree-compile` looks up on PATH."""
Apart = Callable[[Callable[[], int], Callable[[str], int]], int]
"""(work, ended) -> the status of work in a process of its own; where a signal ends it, that of
`ended`, which gets the signal's name."""
_GAVE_UP = 3
"""The status of work that has told why it does not succeed."""


@dataclass(frozen=True)
class Speaker:
    """What we say on standard error: one line, or nothing where `quiet`."""

    quiet: bool
    stream: TextIO

    def say(self, text: str) -> None:
        """One line."""
        if not self.quiet:
            print(f"tlm-mlir: {' '.join(text.split())}", file=self.stream, flush=True)

    def repeat(self, heard: BinaryIO) -> None:
        """What IREE said in the meantime."""
        heard.seek(0)
        shutil.copyfileobj(heard, self.stream.buffer)
        self.stream.flush()

    def give_up(self, reason: str) -> int:
        """Tells why stock's result is given instead; returns a status that is no success."""
        self.say(f"{reason.rstrip('.')}; stock iree-compile takes over")
        return _GAVE_UP


def run(arguments: Sequence[str], apart: Apart) -> int:
    """Compiles as `iree-compile` does with some arguments, and returns its exit status.

    Where nothing is left to do but what stock does, this process becomes stock. Raises InputError
    where that is not installed.
    """
    line = read([argument for argument in arguments if argument not in (QUIET, OFF)])
    off = OFF in arguments or bool(os.environ.get(OFF_VARIABLE))
    quiet = QUIET in arguments or bool(os.environ.get(QUIET_VARIABLE))
    if off or sys.stderr is None or line.route is Route.STOCK or not _readable_twice(line):
        _become_stock(line)
    speaker = Speaker(quiet, sys.stderr)
    start = _keep_standard_input() if line.source == STANDARD else None
    try:
        way = _whole if line.route is Route.WHOLE else _filtered
        status = way(line, speaker, apart)
    except OSError as error:
        # No space for temporary files, or no more processes.
        status = speaker.give_up(str(error))
    if status:
        _rewind(start)
        _become_stock(line)
    return 0


def _readable_twice(line: CommandLine) -> bool:
    if line.source == STANDARD:
        return sys.stdin is not None
    return os.path.isfile(line.source)


def _keep_standard_input() -> int:
    """Has standard input be a file, which can be read again from the position that is returned."""
    place = sys.stdin.fileno()
    if stat.S_ISREG(os.fstat(place).st_mode):
        return os.lseek(place, 0, os.SEEK_CUR)
    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        os.dup2(kept.fileno(), place)
    return os.lseek(place, 0, os.SEEK_SET)


def _rewind(start: int | None) -> None:
    if start is not None:
        os.lseek(sys.stdin.fileno(), start, os.SEEK_SET)


def _become_stock(line: CommandLine) -> NoReturn:
    path = str(program())
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    os.execv(path, [path, *line.arguments])


def _whole(line: CommandLine, speaker: Speaker, apart: Apart) -> int:
    """The status of a compile in this package, with all that is decided."""

    def work(own: Speaker) -> None:
        from .whole import compile_line

        own.say(f"{_shown(line)}: {compile_line(line, _piped(line))}")

    with tempfile.TemporaryFile() as heard:
        status = _apart(work, heard, speaker, apart)
        # Beside IREE's, there may be warnings of ours.
        if not status and not speaker.quiet:
            speaker.repeat(heard)
    return status


def _filtered(line: CommandLine, speaker: Speaker, apart: Apart) -> int:
    """The status of stock with the filter, from where the front half ends if there can be one.

    What stock says where it fails is dropped: constants that are resources may not fit through any
    filter, and for the rest stock by itself says the same.
    """
    with (
        tempfile.TemporaryFile() as front,
        tempfile.TemporaryFile() as heard,
        tempfile.NamedTemporaryFile() as counted,
    ):
        os.environ[tally.VARIABLE] = counted.name
        arguments = line.arguments
        if line.splits:
            if status := _front(line, front, speaker, apart):
                return status
            # Without a name, so that nothing is left of it whatever ends this process.
            front.seek(0)
            arguments = line.continued(f"/dev/fd/{front.fileno()}")
        folders = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]
        done = subprocess.run(
            [program(), f"{FILTER}={SCHEDULE}", *arguments],
            env={**os.environ, "PATH": os.pathsep.join(folders)},
            stderr=heard,
            pass_fds=[front.fileno()],
        )
        if done.returncode:
            return speaker.give_up("iree-compile fails with the filter")
        speaker.repeat(heard)
        speaker.say(f"{_shown(line)}: {tally.summary(counted.read().decode())}")
    return 0


def _front(line: CommandLine, out: BinaryIO, speaker: Speaker, apart: Apart) -> int:
    """The status of the front half of a compile. The other half says what it says again."""

    def work(own: Speaker) -> None:
        from .front import compile_front

        tally.early(compile_front(line, _piped(line), out))
        out.flush()

    with tempfile.TemporaryFile() as heard:
        return _apart(work, heard, speaker, apart)


def _apart(
    work: Callable[[Speaker], None], heard: BinaryIO, speaker: Speaker, apart: Apart
) -> int:
    """The status of work in a process of its own, which LLVM may end.

    What is said there is `heard`, but for what the work says to the speaker that it is given.
    """
    here = os.getpid()

    def run_work() -> int:
        # Ctrl-C ends the compile at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        own = Speaker(speaker.quiet, os.fdopen(os.dup(sys.stderr.fileno()), "w"))
        os.dup2(heard.fileno(), sys.stderr.fileno())
        status = 0
        try:
            work(own)
        except Exception as error:
            status = own.give_up(str(error) or type(error).__name__)
        if os.getpid() != here:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        # A system that cannot fork has worked here.
        os.dup2(own.stream.fileno(), sys.stderr.fileno())
        return status

    status = apart(run_work, lambda end: speaker.give_up(f"IREE ends the process by {end}"))
    if status not in (0, _GAVE_UP):
        speaker.give_up(f"IREE ends the process with status {status}")
    return status


def _piped(line: CommandLine) -> bytes | None:
    """What comes on standard input, None where the input is a file."""
    return sys.stdin.buffer.read() if line.source == STANDARD else None


def _shown(line: CommandLine) -> str:
    """The file that a line is about, as it is told."""
    return next((name for name in (line.output, line.source) if name != STANDARD), STANDARD_OUTPUT)
