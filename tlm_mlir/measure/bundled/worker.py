# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The process that measures the candidates of one program, and says so line by line."""

from __future__ import annotations

import json
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

from .device import Loaded
from .manifest import DTYPES, BundleError, content_of

LEAST_RUNS, MOST_RUNS, SECONDS = 5, 50, 0.3
"""Timed calls of a candidate: as many as fit into the seconds, within these bounds."""
SHORTEST = 5e-5
"""Seconds of a call, below which nothing but the call itself is timed."""
DAMAGED = "damaged"
"""Not an outcome that is recorded: the file in the bundle is not what was compiled."""


def work(bundle: Path, manifest: dict[str, Any], device: str, number: int, start: int) -> None:
    """The worker: measures the candidates of a program from `start` on."""
    program = manifest["programs"][number]
    try:
        with zipfile.ZipFile(bundle) as archive:
            inputs, wanted = _reference(archive, program)
            default = Loaded(content_of(archive, program["candidates"][0]), device, inputs)
            for place, candidate in enumerate(program["candidates"]):
                if place < start or "file" not in candidate:
                    continue
                say(at=place)
                try:
                    content = content_of(archive, candidate)
                    own = default if place == 0 else Loaded(content, device, inputs)
                    times = _times(default, own)
                    right = _agree(own.values(), wanted, program["tolerance"])
                    say(place=place, **_outcome(*times, right, manifest["repeat"]))
                except BundleError as error:
                    print(error, file=sys.stderr)
                    say(place=place, status=DAMAGED)
                except (RuntimeError, ValueError) as error:
                    # Its own fault if the default still runs; else the device is lost.
                    default.call()
                    print(f"program {number}, candidate {place}: {short(error)}", file=sys.stderr)
                    say(place=place, status="crashed")
    except (BundleError, RuntimeError, ValueError, OSError, zipfile.BadZipFile) as error:
        say(fatal=short(error))


def short(error: Exception) -> str:
    """The beginning of its message, on one line."""
    return " ".join(str(error).split())[:300]


def say(**what: Any) -> None:
    """A line of JSON on stdout."""
    print(json.dumps(what), flush=True)


def _reference(archive: zipfile.ZipFile, program: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Inputs, and what this machine's CPU makes of them."""
    import numpy as np

    rng = np.random.default_rng(0)
    inputs = [
        rng.integers(kind["low"], kind["high"], kind["shape"]).astype(DTYPES[kind["dtype"]])
        for kind in program["inputs"]
    ]
    cpu = Loaded(content_of(archive, program["reference"]), "local-task", inputs)
    return inputs, cpu.values()


def _times(default: Loaded, own: Loaded) -> tuple[list[float], list[float]]:
    """Seconds of calls in turn, sorted: of IREE's default, and of another."""
    times: tuple[list[float], list[float]] = ([], [])
    began = time.monotonic()
    for loaded in (default, own):
        loaded.call()
    while len(times[1]) < MOST_RUNS:
        if len(times[1]) >= LEAST_RUNS and time.monotonic() - began > SECONDS:
            break
        for loaded, some in zip((default, own), times, strict=True):
            start = time.perf_counter()
            loaded.call()
            some.append(time.perf_counter() - start)
    return sorted(times[0]), sorted(times[1])


def _outcome(
    default: list[float], own: list[float], right: bool, repeat: int
) -> dict[str, Any]:
    """What a record says, in seconds of one run of the dispatch, of which a call makes several."""
    base, seconds = (some[len(some) // 2] for some in (default, own))
    status = "wrong_values" if not right else "refused" if base < SHORTEST else "ok"
    found = {"seconds": seconds / repeat, "default_seconds": base / repeat, "runs": len(own)}
    return {**found, "status": status}


def _agree(found: list[Any], wanted: list[Any], tolerance: float) -> bool:
    import numpy as np

    for mine, right in zip(found, wanted, strict=True):
        if tolerance == 0:
            if not np.array_equal(mine, right):
                return False
            continue
        a, b = mine.astype(np.float64), right.astype(np.float64)
        if not np.isfinite(a).all() or np.abs(a - b).max() > tolerance * np.abs(b).max():
            return False
    return True
