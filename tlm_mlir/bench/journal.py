# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A file of JSON lines that a long run adds to, and goes on from after it was stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError


@dataclass(frozen=True)
class Journal:
    """The first line says what all others depend on; then there is one for each result."""

    path: Path
    about: Mapping[str, object]

    def read(self) -> list[dict[str, Any]]:
        """The rows that are there already; a new file is begun where there is none.

        A last line that a killed run left unfinished is dropped. Raises InputError where the file
        is of another run.
        """
        text = self.path.read_text() if self.path.exists() else ""
        whole, _, torn = text.rpartition("\n")
        lines = whole.splitlines()
        if lines and json.loads(lines[0]) != self.about:
            raise InputError(
                f"{self.path} is of another machine, model or choice of options ({lines[0]});"
                " give another --out, or remove it"
            )
        if torn or not lines:
            kept = lines or [json.dumps(self.about)]
            self.path.write_text("".join(f"{line}\n" for line in kept))
        return [json.loads(line) for line in lines[1:]]

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Appends rows, which are on the disk before this returns."""
        with self.path.open("a") as file:
            file.write("".join(f"{json.dumps(row)}\n" for row in rows))
            file.flush()
            os.fsync(file.fileno())
