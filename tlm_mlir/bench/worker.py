# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A process that runs one program for a benchmark: `python -m tlm_mlir.bench.worker`.

It reads one request a line on standard input and answers each with a line, both JSON. What crashes
or hangs here costs this program alone; `runner.py` is the other side.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import TlmError
from ..measure.cores import pin_workers
from .program import Program, Uploaded
from .values import load_values, save_values


class Worker:
    """The program of this process, once it is loaded, and the arguments of its calls."""

    program: Program
    arguments: Uploaded

    def load(
        self, path: str, parameters: list[str], function: str, values: str, threads: int
    ) -> None:
        """Loads a program and puts its arguments on the device."""
        if threads:
            pin_workers(threads)
        self.program = Program(Path(path), parameters, function)
        self.arguments = self.program.upload(load_values(Path(values)))

    def run(self, out: str) -> None:
        """Calls the function once and writes its results to a file."""
        save_values(Path(out), self.program.run(self.arguments))

    def time(self, calls: int) -> float:
        """Seconds of one of several calls."""
        return self.program.time(self.arguments, calls)


Told = Callable[[Exception], str]
"""What is said of an exception, or raises it."""


def serve(worker: object, told: Told) -> None:
    """Answers requests for the methods of a worker until there are no more."""
    # IREE and other libraries print to standard output, too, which must hold answers alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(answer(worker, json.loads(line), told)) + "\n")
        answers.flush()


def answer(worker: object, request: dict[str, Any], told: Told) -> dict[str, Any]:
    """What a method of a worker gives, or what is said of its exception."""
    name = request.pop("do")
    try:
        return {"answer": getattr(worker, name)(**request)}
    except Exception as error:
        return {"error": told(error)}


def _told(error: Exception) -> str:
    """The sentence of an error of ours."""
    if isinstance(error, TlmError):
        return str(error)
    raise error


if __name__ == "__main__":
    serve(Worker(), _told)
