# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A process that runs one side on one network: `python -m peer.worker`.

It reads one request a line on standard input and answers each with a line, both JSON, as
`tlm_mlir/bench/worker.py` does. What crashes or hangs here costs one side alone.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from tlm_mlir.bench.values import save_values, value_of
from tlm_mlir.bench.worker import serve
from tlm_mlir.measure.cores import first_cores


class Worker:
    """The side of this process, once it is loaded."""

    def load(self, side: str, network: str, folder: str, threads: int) -> str:
        """Pins this process, loads the side, and returns its version."""
        os.sched_setaffinity(0, first_cores(threads))
        os.environ["OMP_NUM_THREADS"] = str(threads)
        from .sides import known

        version, self.call = known(side)(network, Path(folder), threads)
        return str(version)

    def run(self, out: str) -> None:
        """Computes the network once and writes its results to a file."""
        save_values(Path(out), [value_of(np.array(result)) for result in self.call()])

    def time(self, calls: int) -> float:
        """Seconds of one of several calls."""
        start = time.perf_counter()
        for _ in range(calls):
            self.call()
        return (time.perf_counter() - start) / calls


def _told(error: Exception) -> str:
    """A sentence about any error of any library's: the side that fails says so, and no other."""
    if isinstance(error, ImportError):
        return f"not installed: {error}"
    reason = (str(error).strip().splitlines() or ["no message"])[0]
    return f"{type(error).__name__}: {reason[:200]}"


if __name__ == "__main__":
    serve(Worker(), _told)
