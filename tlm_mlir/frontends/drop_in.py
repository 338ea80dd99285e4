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
    """What is said on standard error: one line, or nothing where `quiet`."""

    quiet: bool
    stream: TextIO

    def say(self, text: str) -> None:
        """One line."""
        if not self.quiet:
            print(f"tlm-mlir: {' '.join(text.split())}", file=self.stream, flush=True)

    def repeat(self, heard: BinaryIO) -> None:
        """What others said in the meantime."""
        if not self.quiet:
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
    speaker = Speaker(quiet, sys.stderr)
    if off or line.route is Route.STOCK or not _readable_twice(line):
        _become_stock(line)
    start = _keep_standard_input() if line.source == STANDARD else None
    try:
        whole = line.route is Route.WHOLE
        status = _whole(line, speaker, apart) if whole else _filtered(line, speaker)
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
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(path, [path, *line.arguments])


def _whole(line: CommandLine, speaker: Speaker, apart: Apart) -> int:
    """The status of a compile in a process of its own, which LLVM may end."""
    here = os.getpid()

    def work(heard: BinaryIO) -> int:
        # Ctrl-C ends the compile at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        own = Speaker(speaker.quiet, os.fdopen(os.dup(sys.stderr.fileno()), "w"))
        os.dup2(heard.fileno(), sys.stderr.fileno())
        try:
            own.say(f"{_shown(line)}: {_compile(line)}")
            status = 0
        except Exception as error:
            status = own.give_up(str(error) or type(error).__name__)
        if os.getpid() != here:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        os.dup2(own.stream.fileno(), sys.stderr.fileno())
        return status

    with tempfile.TemporaryFile() as heard:
        status = apart(
            lambda: work(heard), lambda end: speaker.give_up(f"IREE ends the process by {end}")
        )
        # What a compile that fails has said, stock says as well.
        if not status:
            speaker.repeat(heard)
    if status not in (0, _GAVE_UP):
        speaker.give_up(f"IREE ends the process with status {status}")
    return status


def _compile(line: CommandLine) -> str:
    from .whole import compile_line

    return compile_line(line, sys.stdin.buffer.read() if line.source == STANDARD else None)


def _shown(line: CommandLine) -> str:
    """The file that a line is about, as it is told."""
    return next((name for name in (line.output, line.source) if name != STANDARD), STANDARD_OUTPUT)


def _filtered(line: CommandLine, speaker: Speaker) -> int:
    """The status of stock with the filter. What it says where it fails is dropped: constants may
    not fit through any filter (`dense_resource`), and for the rest stock will say the same."""
    path = str(program())
    with tempfile.TemporaryFile() as said, tempfile.NamedTemporaryFile() as counted:
        folders = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]
        environment = {
            **os.environ,
            "PATH": os.pathsep.join(folders),
            tally.VARIABLE: counted.name,
        }
        done = subprocess.run(
            [path, f"{FILTER}={SCHEDULE}", *line.arguments], env=environment, stderr=said
        )
        if done.returncode:
            return speaker.give_up("iree-compile fails with the filter")
        speaker.repeat(said)
        speaker.say(f"{_shown(line)}: {tally.summary(counted.read().decode())}")
    return 0



