# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the candidates of a bundle on the machine at hand: `python bundle.zip -o records.jsonl`.

A process of its own runs each program's candidates, one after the other; where it crashes or hangs,
another goes on with the next candidate.

A candidate is timed in turn with IREE's default (A B A B), then its values are compared with those
that this machine's CPU computes from the same inputs. A figure is the time of one call of the
program from Python, with its inputs on the device, by the runs of the dispatch that it makes; where
a call of the default takes less than `worker.SHORTEST`, the record is `refused`.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .device import describe, misfit
from .manifest import BundleError, read_manifest
from .records import append, digest_of, known_in, row_of
from .worker import DAMAGED, say, short, work

TIME_LIMIT = 60.0
"""Seconds for a candidate."""
LOST = 3
"""Programs in a row that may fail as a whole before the device counts as lost."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures a bundle. Status 1, and one sentence, when something is wrong with it."""
    parser = argparse.ArgumentParser(description="Measure the candidates of a bundle.")
    parser.add_argument("bundle", type=Path, nargs="?", default=Path(sys.argv[0]))
    parser.add_argument("-o", "--output", type=Path, default=Path("records.jsonl"))
    parser.add_argument("--device", help="IREE's device URI; as the bundle says by default")
    parser.add_argument("--limit", type=float, default=TIME_LIMIT, help="seconds for a candidate")
    parser.add_argument("--worker", nargs=2, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--describe", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        manifest = read_manifest(options.bundle)
        device = options.device or manifest["device"]
        if options.describe:
            return _describe(device)
        if options.worker:
            work(options.bundle, manifest, device, *options.worker)
            return 0
        done = measure(options.bundle, manifest, device, options.output, options.limit)
    except BundleError as error:
        print(f"tlm-mlir-run: error: {error}", file=sys.stderr)
        return 1
    note = f"{done} records in {options.output}; take them home with `tlm-mlir collect --import`"
    print(note, file=sys.stderr)
    return 0


def measure(
    bundle: Path, manifest: dict[str, Any], device: str, output: Path, limit: float
) -> int:
    """Measures what `output` does not hold yet and appends to it; returns the records it holds.

    Raises BundleError when the device cannot be used, or the file not be written; what was measured
    before is kept.
    """
    described = _described(bundle, device, limit)
    if reason := misfit(manifest["target"], described):
        raise BundleError(reason)
    # A figure is that of one device.
    versions = {**manifest["versions"], "device": described["name"]}
    manifest = {**manifest, "versions": versions}
    known = set(known_in(output))
    lost = 0
    for number, program in enumerate(manifest["programs"]):
        places = range(len(program["candidates"]))
        if all(digest_of(manifest, program, place) in known for place in places):
            continue
        found, reason = _measure_program(bundle, number, program, device, limit)
        rows = [
            row_of(manifest, program, place, outcome)
            for place, outcome in sorted(found.items())
            if outcome["status"] != DAMAGED
        ]
        append(output, [row for row in rows if row["digest"] not in known])
        known |= {row["digest"] for row in rows}
        lost = lost + 1 if reason else 0
        if reason:
            print(f"program {number}: {reason}", file=sys.stderr)
        if lost == LOST:
            raise _unusable(device, reason)
    return len(known)


def _describe(device: str) -> int:
    """Says what is told of a device; on stderr, and with status 1, why it cannot be used."""
    try:
        say(**describe(device))
    except (RuntimeError, ValueError) as error:
        print(short(error), file=sys.stderr)
        return 1
    return 0


def _described(bundle: Path, device: str, limit: float) -> dict[str, str]:
    """What is told of a device, by a process of its own: a driver may end it."""
    command = [sys.executable, str(bundle), str(bundle), "--device", device, "--describe"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        raise _unusable(device, f"nothing happened for {limit:.0f} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["its driver ended the process"]
        raise _unusable(device, said[-1])
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _unusable(device: str, reason: str) -> BundleError:
    return BundleError(f"device {device} cannot be used ({reason}); mend it and run again")


def _measure_program(
    bundle: Path, number: int, program: dict[str, Any], device: str, limit: float
) -> tuple[dict[int, dict[str, Any]], str]:
    """Outcomes by the candidate's place, and why the program as a whole failed, or nothing."""
    candidates = program["candidates"]
    found: dict[int, dict[str, Any]] = {
        place: {"status": "compile_failed"}
        for place, candidate in enumerate(candidates)
        if "file" not in candidate
    }
    start = 0
    while any("file" in candidate for candidate in candidates[start:]):
        at = start - 1
        for line in _lines(bundle, number, start, device, limit):
            if "fatal" in line:
                return found, str(line["fatal"])
            at = line.pop("place", line.get("at"))
            if "status" in line:
                found[at] = line
        if at < start:
            return found, "the process that measures it ended at once"
        # Without an outcome it died at this candidate.
        found.setdefault(at, {"status": "crashed"})
        if at == 0 and found[0]["status"] in ("crashed", "timeout"):
            return found, "IREE's default does not run"
        start = at + 1
    return found, ""


def _lines(
    bundle: Path, number: int, start: int, device: str, limit: float
) -> Iterator[dict[str, Any]]:
    """What a worker says, a JSON object a line. One that is silent for too long is stopped."""
    command = [sys.executable, str(bundle), str(bundle), "--device", device]
    command += ["--worker", str(number), str(start)]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines: queue.Queue[str | None] = queue.Queue()

    def listen() -> None:
        assert worker.stdout is not None
        for line in worker.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    at = -1
    try:
        while (line := lines.get(timeout=limit)) is not None:
            said = json.loads(line)
            at = said.get("at", -1)
            yield said
    except queue.Empty:
        if at >= 0:
            yield {"place": at, "status": "timeout"}
        else:
            yield {"fatal": f"nothing happened for {limit:.0f} s"}
    finally:
        worker.kill()
        worker.wait()
