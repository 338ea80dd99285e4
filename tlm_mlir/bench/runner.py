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
from typing import IO, Any, Self

from ..errors import MeasureError
from .values import Value, load_values

LIMIT = 600.0
"""Seconds for loading a program, and for each request to it."""


class Worker:
    """A process that answers requests, a line of JSON each, until it is closed.

    It may crash or hang: `ask` then raises MeasureError with how it ended.
    """

    def __init__(
        self, command: Sequence[str], limit: float = LIMIT, cwd: Path | None = None
    ) -> None:
        """`limit` is in seconds, for each request; `cwd` the folder in which the process runs."""
        self._limit = limit
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def run(self) -> list[Value]:
        """Calls the program: its results, and after them the arguments that it changed in place.

        Raises MeasureError when the process ends, takes too long, or the call is refused.
        """
        with tempfile.NamedTemporaryFile(prefix="tlm-results-", suffix=".npz") as file:
            self.ask("run", out=file.name)
            return load_values(Path(file.name))

    def time(self, calls: int = 1) -> float:
        """Seconds of one of several calls after each other. Raises MeasureError as `run` does."""
        return float(self.ask("time", calls=calls))

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._errors):
            # What a dead process did not read any more cannot be flushed.
            with suppress(OSError):
                if file:
                    file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, what: str, **details: object) -> Any:
        """The answer to a request. Raises MeasureError where there is none, with why."""
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


class Runner(Worker):
    """A process that has loaded a program, with the arguments of its calls on the device."""

    def __init__(
        self,
        program: Path,
        values: Path,
        parameters: Sequence[str] = (),
        function: str = "",
        limit: float = LIMIT,
        threads: int = 0,
    ) -> None:
        """`values` is a file of arguments (`save_values`), `parameters` are `scope=file` texts.

        The program runs on `threads` pinned threads, or on as many as IREE takes by itself where
        that is zero. Raises MeasureError when it cannot be loaded, and ends the process then.
        """
        super().__init__([sys.executable, "-m", "tlm_mlir.bench.worker"], limit)
        try:
            self.ask(
                "load",
                path=str(program),
                parameters=list(parameters),
                function=function,
                values=str(values),
                threads=threads,
            )
        except MeasureError:
            self.close()
            raise


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
