# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A program in a process of its own: it may crash or hang, and it shares no state with others."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ..errors import MeasureError
from .values import Value, load_values

LIMIT = 600.0
"""Seconds for loading a program, and for each request to it."""


class Runner:
    """A process that has loaded a program, with the arguments of its calls on the device."""

    def __init__(
        self,
        program: Path,
        values: Path,
        parameters: Sequence[str] = (),
        function: str = "",
        limit: float = LIMIT,
    ) -> None:
        """`values` is a file of arguments (`save_values`), `parameters` are `scope=file` texts.

        Raises MeasureError when the program cannot be loaded, and ends the process then.
        """
        self._limit = limit
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tlm_mlir.bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        try:
            self._ask(
                "load",
                path=str(program),
                parameters=list(parameters),
                function=function,
                values=str(values),
            )
        except MeasureError:
            self.close()
            raise

    def run(self) -> list[Value]:
        """Calls the function: its results, and after them the arguments that it changed in place.

        Raises MeasureError when the process ends, takes too long, or the runtime refuses the call.
        """
        with tempfile.NamedTemporaryFile(prefix="tlm-results-", suffix=".npz") as file:
            self._ask("run", out=file.name)
            return load_values(Path(file.name))

    def time(self, calls: int = 1) -> float:
        """Seconds of one of several calls after each other. Raises MeasureError as `run` does."""
        return float(self._ask("time", calls=calls))

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._errors):
            # What a dead process did not read any more cannot be flushed.
            with suppress(OSError):
                if file:
                    file.close()

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, what: str, **details: object) -> Any:
        assert self._process.stdin and self._process.stdout
        request = json.dumps({"do": what, **details}) + "\n"
        try:
            self._process.stdin.write(request.encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise MeasureError(self._ended()) from None
        if not select.select([self._process.stdout], [], [], self._limit)[0]:
            self._process.kill()
            raise MeasureError(f"the program took more than {self._limit:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise MeasureError(self._ended())
        answer = json.loads(line)
        if "error" in answer:
            raise MeasureError(answer["error"])
        return answer["answer"]

    def _ended(self) -> str:
        status = self._process.wait()
        if status < 0:
            return f"the program ended its process ({ending(status)})"
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"the program's process failed: {said[-1] if said else ending(status)}"


def ending(status: int) -> str:
    """How a process ended, by its status: `SIGSEGV`, `status 1`.

    A shell adds 128 to a signal's number; Python's `sys.exit` keeps a byte of a negative status.
    """
    number = -status if status < 0 else status - 128 if status <= 192 else 256 - status
    if number <= 0:
        return f"status {status}"
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
