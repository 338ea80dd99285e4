# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of JSON lines under xz, in which records, corpora and examples are kept."""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Iterable
from pathlib import Path

from tlm_mlir.errors import InputError, RecordError
from tlm_mlir.files import opened


def canonical(value: object) -> str:
    """JSON text that is the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def write_lines(path: str | os.PathLike[str], rows: Iterable[object], *, preset: int = 9) -> int:
    """Writes rows to `path` (.jsonl.xz), aside and renamed; returns how many.

    Raises:
      RecordError: the file cannot be written; an older one is left as it was.
    """
    path = Path(path)
    count = 0
    try:
        with opened(path) as file, lzma.open(file, "wb", preset=preset) as packed:
            for row in rows:
                packed.write(canonical(row).encode() + b"\n")
                count += 1
    except InputError as error:
        raise RecordError(str(error)) from error
    return count
