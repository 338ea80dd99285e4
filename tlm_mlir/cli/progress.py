# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A line on a terminal that tells what a compile is doing, and for how long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

from ..compiler.clock import IMPORTING, LOADING, START, Clock

PATIENCE = 2.0
"""Seconds before the line appears: most compiles of small programs are done by then."""
TOLD = {
    START: "starting",
    IMPORTING: "reading the input",
    "iree: to dispatches": "IREE forms dispatches",
    "iree: dispatches to program": "IREE generates code",
    LOADING: "the model is loading; one of your own is compiled first",
    "graph": "choosing layouts and packing",
    "reading": "reading the dispatches",
    "generation": "choosing schedules",
    "measuring": "timing schedules",
    "pass": "applying schedules",
    "fallback": "finding out which choice does not compile",
}
"""What is said of the parts of a compile."""


def told(clock: Clock, name: str) -> str:
    """What is done now to what is called `name`."""
    what = f"{TOLD[clock.part]}, " if clock.part in TOLD else ""
    return f"{name}: {what}{clock.elapsed():.0f} s"


@contextmanager
def status_line(clock: Clock, name: str) -> Iterator[Callable[[], None]]:
    """Shows a line while a block takes longer than PATIENCE, if standard error is a terminal.

    Gives what takes the line away early, for whoever ends the process.
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    live = Live(
        console=Console(stderr=True),
        get_renderable=lambda: Text(told(clock, name), overflow="ellipsis", no_wrap=True),
        refresh_per_second=4,
        transient=True,
    )
    timer = Timer(PATIENCE, live.start)
    timer.daemon = True
    timer.start()
    try:
        yield live.stop
    finally:
        timer.cancel()
        timer.join()
        live.stop()
