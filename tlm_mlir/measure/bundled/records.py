# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records of what was measured, as lines of JSON."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .manifest import BundleError

STANDARD = Path("-")


def row_of(
    manifest: dict[str, Any], program: dict[str, Any], place: int, outcome: dict[str, Any]
) -> dict[str, Any]:
    """A record, as measure/database.py reads it."""
    ran = outcome["status"] == "ok"
    return {
        "workload": program["workload"],
        "target": manifest["target"],
        "schedule": program["candidates"][place]["schedule"],
        "status": outcome["status"],
        "seconds": outcome.get("seconds") if ran else None,
        "default_seconds": outcome.get("default_seconds"),
        "runs": outcome.get("runs", 0),
        "round": 0,
        "versions": manifest["versions"],
        "statics": program["candidates"][place].get("statics", {}),
        "digest": digest_of(manifest, program, place),
    }


def digest_of(manifest: dict[str, Any], program: dict[str, Any], place: int) -> str:
    """What a record is told apart by: all that it depends on, and not its outcome."""
    schedule = program["candidates"][place]["schedule"]
    first, last = (program["workload"], manifest["target"]), manifest["versions"]
    text = "\n".join((*map(_text, first), schedule, _text(last)))
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def known_in(output: Path) -> Iterator[str]:
    """Digests of what was measured before. A last line that an interruption cut off is dropped.

    Raises BundleError for a line that is no record.
    """
    if not output.is_file():
        return
    lines = output.read_text().splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
        os.truncate(output, len("".join(lines).encode()))
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)["digest"]
        except (KeyError, TypeError, ValueError):
            raise BundleError(
                f"{output}, line {number} is no record; move the file away"
            ) from None


def append(output: Path, rows: list[dict[str, Any]]) -> None:
    """Writes rows behind those that a file holds, to standard output where its path is `-`.

    Raises BundleError where it cannot be written.
    """
    text = "".join(_text(row) + "\n" for row in rows)
    try:
        if output == STANDARD:
            print(text, end="", flush=True)
            return
        with output.open("a") as stream:
            stream.write(text)
    except OSError as error:
        raise BundleError(f"{output} cannot be written: {error.strerror}; free space") from None
