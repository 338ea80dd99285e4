# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What filters did, written down for the command that has them run.

`iree-compile` drops what a filter says. So filters append a line each to a file that an environment
variable names.
"""

from __future__ import annotations

import os
from contextlib import suppress

VARIABLE = "TLM_MLIR_TALLY"
_SCHEDULED, _EARLY, _PASSED = "scheduled", "early", "passed"


def scheduled(count: int, dispatches: int) -> None:
    """Notes an executable, `count` of whose dispatches were scheduled."""
    _note(f"{_SCHEDULED} {count} {dispatches}")


def early(count: int) -> None:
    """Notes choices before dispatches were formed."""
    _note(f"{_EARLY} {count}")


def passed(reason: str) -> None:
    """Notes an executable that was passed through unchanged because something failed."""
    _note(f"{_PASSED} {reason}")


def _note(line: str) -> None:
    path = os.environ.get(VARIABLE)
    if not path:
        return
    # A filter must not fail over a note.
    with suppress(OSError):
        # One write each, so that lines of filters that run at once do not mix.
        place = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.write(place, f"{line}\n".encode())
        os.close(place)


def summary(lines: str) -> str:
    """A summary of what was noted."""
    scheduled = dispatches = choices = 0
    reasons: list[str] = []
    for line in lines.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == _PASSED:
            reasons.append(rest)
        elif kind == _EARLY:
            choices += int(rest)
        else:
            counts = rest.split()
            scheduled += int(counts[0])
            dispatches += int(counts[1])
    text = counted(scheduled, dispatches, choices)
    if reasons:
        text += f"; {len(reasons)} executables passed through unchanged ({reasons[0]})"
    return text


def counted(scheduled: int, dispatches: int, early: int) -> str:
    """What was decided about a program, in words."""
    text = f"{scheduled} of {dispatches} dispatches scheduled"
    return f"{text}, {early} choices of layout and packing" if early else text
