# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of JSON lines under xz, in which records, corpora and lessons are kept."""

from __future__ import annotations

import json
import lzma
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tlm_mlir.errors import RecordError


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
    aside = None
    try:
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            with lzma.open(file, "wb", preset=preset) as packed:
                for row in rows:
                    packed.write(canonical(row).encode() + b"\n")
                    count += 1
            file.flush()
            os.fsync(file.fileno())
        os.chmod(aside, 0o644)
        os.replace(aside, path)
        aside = None
    except OSError as error:
        raise RecordError(
            f"records cannot be written to {path}: {error.strerror}; free space or choose another"
            " place"
        ) from None
    finally:
        if aside:
            Path(aside).unlink(missing_ok=True)
    return count
