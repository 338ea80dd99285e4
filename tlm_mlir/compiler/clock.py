# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How long the parts of a compile take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

START, IMPORTING, LOADING = "start", "iree: import", "loading the model"
"""Parts that are no step's: loading what compiles, reading the input, waiting for the model."""


class Clock:
    """Seconds of each part of a compile, by its name. Parts of IREE's begin with `iree`.

    `part` is the part that runs now, empty between parts. A clock runs from when it is made.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.part = ""
        self._started = time.perf_counter()

    def elapsed(self) -> float:
        """Seconds since the clock was made."""
        return time.perf_counter() - self._started

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Adds the time of a block to a part."""
        before, self.part = self.part, part
        start = time.perf_counter()
        try:
            yield
        finally:
            self.part = before
            self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - start
