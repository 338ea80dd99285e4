# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether IREE takes some flags, asked of another process.

LLVM ends the process over a flag, a CPU or a triple that it does not know. Run as a program, this
module opens a session with the flags given and compiles an empty program up to its dispatches.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ..errors import InputError, TargetError, TlmError
from .flags import cpu, names_device
from .invocation import first_line
from .phases import SOURCES
from .session import Session

_PROGRAM = "module {}"
_TAKEN = "tlm-mlir: taken"
"""The last line of a trial that ended well: `--help` and `--version` end a process well, too."""
_HARMLESS = re.compile(
    r"--iree-(opt-level=O[0-3]"
    r"|(opt-data-tiling|dispatch-creation-enable-aggressive-fusion)(=true|=false)?)"
)
"""Flags that every session takes."""
_UNKNOWN_CPU = re.compile(
    r"Unknown CPU for target architecture (\S+)\.|is not a recognized processor"
)


@dataclass(frozen=True)
class Trial:
    """What came of flags: the text of an empty program under them, or why IREE refuses them.

    `unknown_cpu` is the architecture where that is because LLVM does not know the CPU.
    """

    program: str = ""
    refusal: str = ""
    unknown_cpu: str = ""


@cache
def trial(flags: tuple[str, ...]) -> Trial:
    """Tries flags in a process of its own, once for each set of flags."""
    command = [sys.executable, "-m", __name__, *flags]
    # What this process can import, the other one can.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if unknown := _UNKNOWN_CPU.search(ran.stderr):
        return Trial(refusal=unknown.group(), unknown_cpu=unknown[1] or "this architecture")
    program, newline, last = ran.stdout.rstrip().rpartition("\n")
    if not ran.returncode and last == _TAKEN:
        return Trial(program)
    return Trial(refusal=_refusal(ran))


def _refusal(ran: subprocess.CompletedProcess[str]) -> str:
    said = next((line for line in ran.stderr.splitlines() if line.strip()), "")
    said = re.sub(r"^(tlm-mlir)?: |^\[IREE plugins error\]: |\.  Try: .*", "", said).strip()
    if ran.returncode < 0:
        end = f"it ends the process by {signal.Signals(-ran.returncode).name}"
        return f"{end} ({first_line(said)})" if said else end
    if not ran.returncode:
        return "it ends the process"
    return first_line(said) or "it gives no reason"


def check_cpu(name: str, more: Sequence[str] = ()) -> None:
    """Raises TargetError when LLVM does not know a CPU, InputError when IREE does not take `more`
    flags beside it.

    Another process is asked where there is anything to ask.
    """
    if name == "host" and all(map(_HARMLESS.fullmatch, more)):
        return
    found = trial((*cpu(name), *more))
    if found.unknown_cpu:
        raise TargetError(
            f"unknown CPU '{name}' for {found.unknown_cpu}; give host (for this machine's"
            " architecture alone) or a name that LLVM knows, such as x86-64-v3, znver4 or generic"
        )
    _check(found, more)


def check_flags(flags: Sequence[str], more: Sequence[str]) -> None:
    """Raises InputError when IREE does not take `more` flags beside others, which it takes."""
    if not all(map(_HARMLESS.fullmatch, more)):
        _check(trial((*flags, *more)), more)


def _check(found: Trial, more: Sequence[str]) -> None:
    if found.refusal:
        raise InputError(
            f"IREE does not take {' '.join(more)}: {found.refusal}; correct what is handed to IREE"
        )


def check_no_device(flags: Sequence[str], target: str) -> None:
    """Raises InputError for flags that name a device: IREE would compile for `target` alone."""
    for flag in flags:
        if names_device((flag,)):
            raise InputError(
                f"{flag} names a device beside --target {target}; leave it out and give --target,"
                " and --cpu or --arch"
            )


def known(flags: Sequence[str], described: str) -> bool:
    """Whether IREE takes flags, and an empty program then says what is `described`."""
    return described in trial(tuple(flags)).program


def main() -> int:
    """Compiles the empty program under the flags that this process was given."""
    try:
        session = Session(sys.argv[1:])
        print(session.run(session.parse_text(_PROGRAM), None, SOURCES))
    except TlmError as error:
        print(error, file=sys.stderr)
        return 1
    print(_TAKEN)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
