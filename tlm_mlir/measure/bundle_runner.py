# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the candidates of a bundle on the machine at hand: `python bundle.zip -o records.jsonl`.

It needs Python, numpy and iree-base-runtime. This file is the bundle's `__main__.py`, so it imports
nothing else. A process of its own runs each program's candidates, one after the other; where it
crashes or hangs, another goes on with the next candidate.

A candidate is timed in turn with IREE's default (A B A B), then its values are compared with those
that this machine's CPU computes from the same inputs. A figure is the time of one call of the
program from Python, with its inputs on the device; where the default takes less than SHORTEST, the
call itself is what would be timed, and the record is `refused`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import queue
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
DTYPES = {
    **{"f16": "float16", "f32": "float32", "f64": "float64"},
    **{"i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64"},
}
"""MLIR's names of what inputs may be made of, and numpy's."""
LEAST_RUNS, MOST_RUNS, SECONDS = 5, 50, 0.3
"""Timed calls of a candidate: as many as fit into the seconds, within these bounds."""
SHORTEST = 5e-5
TIME_LIMIT = 60.0
DAMAGED = "damaged"
"""Not an outcome that is recorded: the file in the bundle is not what was compiled."""
LOST = 3
"""Programs in a row that may fail as a whole before the device counts as lost."""


class BundleError(Exception):
    """What a person can mend, in one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures a bundle. Status 1, and one sentence, when something is wrong with it."""
    parser = argparse.ArgumentParser(description="Measure the candidates of a bundle.")
    parser.add_argument("bundle", type=Path, nargs="?", default=Path(sys.argv[0]))
    parser.add_argument("-o", "--output", type=Path, default=Path("records.jsonl"))
    parser.add_argument("--device", help="IREE's device URI; as the bundle says by default")
    parser.add_argument("--limit", type=float, default=TIME_LIMIT, help="seconds for a candidate")
    parser.add_argument("--worker", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        manifest = read_manifest(options.bundle)
        device = options.device or manifest["device"]
        if options.worker:
            _work(options.bundle, manifest, device, *options.worker)
            return 0
        done = measure(options.bundle, manifest, device, options.output, options.limit)
    except BundleError as error:
        print(f"tlm-mlir-run: error: {error}", file=sys.stderr)
        return 1
    print(f"{done} records in {options.output}; take them home with `tlm-mlir collect --import`")
    return 0


def read_manifest(bundle: Path) -> dict[str, Any]:
    """The manifest of a bundle for this version of IREE. Raises BundleError."""
    import importlib.metadata as metadata

    try:
        with zipfile.ZipFile(bundle) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
        found = manifest["format"]
        wanted = manifest["versions"]["iree"]
    except FileNotFoundError:
        raise BundleError(f"{bundle} does not exist; give the path of a bundle") from None
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{bundle} is no bundle, or damaged ({error}); copy it again") from None
    if found != FORMAT:
        raise BundleError(f"{bundle} has format {found}, this runs {FORMAT}; bundle again")
    try:
        here = metadata.version("iree-base-runtime")
    except metadata.PackageNotFoundError:
        here = "missing"
    if here != wanted:
        raise BundleError(
            f"{bundle} was compiled for IREE {wanted}, iree-base-runtime here is {here}; install"
            f" iree-base-runtime=={wanted}"
        )
    return manifest


def measure(
    bundle: Path, manifest: dict[str, Any], device: str, output: Path, limit: float
) -> int:
    """Measures what `output` does not hold yet and appends to it; returns the records it holds.

    Raises BundleError when the device cannot be used, or the file not be written; what was measured
    before is kept.
    """
    known = set(_known(output))
    lost = 0
    for number, program in enumerate(manifest["programs"]):
        places = range(len(program["candidates"]))
        if all(_digest(manifest, program, place) in known for place in places):
            continue
        found, reason = _measure_program(bundle, number, program, device, limit)
        rows = [
            _row(manifest, program, place, outcome)
            for place, outcome in sorted(found.items())
            if outcome["status"] != DAMAGED
        ]
        _append(output, [row for row in rows if row["digest"] not in known])
        known |= {row["digest"] for row in rows}
        lost = lost + 1 if reason else 0
        if reason:
            print(f"program {number}: {reason}", file=sys.stderr)
        if lost == LOST:
            raise BundleError(f"device {device} cannot be used ({reason}); mend it and run again")
    return len(known)


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


def _work(bundle: Path, manifest: dict[str, Any], device: str, number: int, start: int) -> None:
    """The worker: measures the candidates of a program from `start` on."""
    program = manifest["programs"][number]
    try:
        with zipfile.ZipFile(bundle) as archive:
            inputs, wanted = _reference(archive, program)
            default = _Loaded(_content(archive, program["candidates"][0]), device, inputs)
            for place, candidate in enumerate(program["candidates"]):
                if place < start or "file" not in candidate:
                    continue
                _say(at=place)
                try:
                    content = _content(archive, candidate)
                    own = default if place == 0 else _Loaded(content, device, inputs)
                    _say(place=place, **_outcome(default, own, wanted, program["tolerance"]))
                except BundleError as error:
                    print(error, file=sys.stderr)
                    _say(place=place, status=DAMAGED)
                except (RuntimeError, ValueError):
                    # Its own fault if the default still runs; else the device is lost.
                    default.call()
                    _say(place=place, status="crashed")
    except (BundleError, RuntimeError, ValueError, OSError, zipfile.BadZipFile) as error:
        _say(fatal=" ".join(str(error).split())[:300])


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def _content(archive: zipfile.ZipFile, entry: dict[str, str]) -> bytes:
    try:
        content = archive.read(entry["file"])
    except (KeyError, zipfile.BadZipFile) as error:
        raise BundleError(f"the bundle is damaged ({error}); copy it again") from None
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise BundleError(f"{entry['file']} of the bundle is damaged; copy it again")
    return content


def _reference(archive: zipfile.ZipFile, program: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Inputs, and what this machine's CPU makes of them."""
    import numpy as np

    rng = np.random.default_rng(0)
    inputs = [
        rng.integers(kind["low"], kind["high"], kind["shape"]).astype(DTYPES[kind["dtype"]])
        for kind in program["inputs"]
    ]
    cpu = _Loaded(_content(archive, program["reference"]), "local-task", inputs)
    return inputs, cpu.values()


class _Loaded:
    """A program on a device, with its inputs there."""

    def __init__(self, content: bytes, device: str, inputs: Sequence[Any]) -> None:
        import iree.runtime as rt

        self._config = rt.Config(device=rt.get_device(device))
        context = rt.SystemContext(config=self._config)
        context.add_vm_module(rt.VmModule.copy_buffer(context.instance, content))
        self._main = context.modules.module["main"]
        self._inputs = [rt.asdevicearray(self._config.device, array) for array in inputs]

    def call(self) -> Any:
        """Runs it to its end."""
        return self._main(*self._inputs)

    def values(self) -> list[Any]:
        """Its results, on the host."""
        found = self.call()
        many = found if isinstance(found, (tuple, list)) else [found]
        return [_to_host(self._config.device, item) for item in many]


def _to_host(device: Any, array: Any) -> Any:
    """A copy by way of a buffer that is mapped.

    `DeviceArray.to_host` would import memory that numpy has allocated, at any address, and Vulkan
    drivers want whole pages.
    """
    import iree.runtime as rt
    import numpy as np

    view = array._buffer_view
    source = view.get_buffer()
    staging = device.allocator.allocate_buffer(
        memory_type=int(rt.MemoryType.HOST_LOCAL | rt.MemoryType.DEVICE_VISIBLE),
        allowed_usage=int(rt.BufferUsage.TRANSFER_TARGET | rt.BufferUsage.MAPPING_SCOPED),
        allocation_size=source.byte_length(),
    )
    done = device.create_semaphore(0)
    device.queue_copy(
        source,
        staging,
        wait_semaphores=rt.HalFence.create_at(done, 0),
        signal_semaphores=rt.HalFence.create_at(done, 1),
    )
    rt.HalFence.create_at(done, 1).wait()
    kind = rt.HalElementType.map_to_dtype(view.element_type)
    return np.array(staging.map().asarray(view.shape, kind))


def _outcome(default: _Loaded, own: _Loaded, wanted: list[Any], tolerance: float) -> dict[str, Any]:
    """Times a program in turn with IREE's default, then checks its values."""
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
    base, seconds = (sorted(some)[len(some) // 2] for some in times)
    found = {"seconds": seconds, "default_seconds": base, "runs": len(times[1])}
    if not _agree(own.values(), wanted, tolerance):
        return {**found, "status": "wrong_values"}
    return {**found, "status": "refused" if base < SHORTEST else "ok"}


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


def _row(
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
        "digest": _digest(manifest, program, place),
    }


def _digest(manifest: dict[str, Any], program: dict[str, Any], place: int) -> str:
    """What a record is told apart by: all that it depends on, and not its outcome."""
    schedule = program["candidates"][place]["schedule"]
    first, last = (program["workload"], manifest["target"]), manifest["versions"]
    text = "\n".join((*map(_text, first), schedule, _text(last)))
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _known(output: Path) -> Iterator[str]:
    """Digests of what was measured before. A last line that an interruption cut off is dropped."""
    if not output.exists():
        return
    lines = output.read_text().splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
        output.write_text("".join(lines))
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)["digest"]
        except (KeyError, TypeError, ValueError):
            raise BundleError(
                f"{output}, line {number} is no record; move the file away"
            ) from None


def _append(output: Path, rows: list[dict[str, Any]]) -> None:
    try:
        with output.open("a") as stream:
            stream.writelines(_text(row) + "\n" for row in rows)
    except OSError as error:
        raise BundleError(f"{output} cannot be written: {error.strerror}; free space") from None


if __name__ == "__main__":
    raise SystemExit(main())
