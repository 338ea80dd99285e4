# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What filters did, written down for the command that has them run.

`iree-compile` drops what a filter says. So filters append a line each to a file that an environment
variable names.
"""

from __future__ import annotations

import os

VARIABLE = "TLM_MLIR_TALLY"
_SCHEDULED, _PASSED = "scheduled", "passed"


def scheduled(count: int, dispatches: int) -> None:
    """Notes an executable, `count` of whose dispatches were scheduled."""
    _note(f"{_SCHEDULED} {count} {dispatches}")


def passed(reason: str) -> None:
    """Notes an executable that was passed through unchanged because something failed."""
    _note(f"{_PASSED} {reason}")


def _note(line: str) -> None:
    path = os.environ.get(VARIABLE)
    if path:
        # One write each, so that lines of filters that run at once do not mix.
        place = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.write(place, f"{line}\n".encode())
        os.close(place)


def summary(lines: str) -> str:
    """A summary of what was noted."""
    scheduled = dispatches = 0
    reasons: list[str] = []
    for line in lines.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == _PASSED:
            reasons.append(rest)
        else:
            counts = rest.split()
            scheduled += int(counts[0])
            dispatches += int(counts[1])
    text = f"{scheduled} of {dispatches} dispatches scheduled"
    if reasons:
        text += f"; {len(reasons)} executables passed through unchanged ({reasons[0]})"
    return text
