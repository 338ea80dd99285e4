# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bundles: candidates compiled here, to be measured on a machine that has the device.

A bundle is a zip file that Python runs (`python bundle.zip`): programs of one dispatch each, every
one under IREE's default and several schedules, and for a CPU to compare values with. What runs it
there is measure/bundled/, which is in the bundle; it needs no compiler.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import InputError, TlmError
from ..files import opened
from ..ir.dispatch import find_dispatches
from ..iree.executables import standalone
from ..iree.phases import SOURCES
from ..iree.session import Session
from ..targets.cpu.host import usable_cores
from ..targets.dispatches import normalize
from . import bundled
from .bundle_builder import Built, Propose, build
from .bundled.manifest import FORMAT, MANIFEST
from .isolated import isolated
from .versions import versions

REPEAT = 32
"""How often programs for a GPU run their dispatch. A small one takes some microseconds there."""
_MAIN = b"from bundled.runner import main\n\nraise SystemExit(main())\n"
TIMEOUT = 300.0
"""Seconds after which compiling one dispatch's candidates is given up."""


@dataclass
class Contents:
    """What a bundle will hold: the manifest's programs, each of which runs its dispatch `repeat`
    times, and files by name."""

    target: str = ""
    repeat: int = 1
    programs: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def candidates(self) -> int:
        """Compiled candidates, defaults included."""
        return sum("file" in c for program in self.programs for c in program["candidates"])

    def keep(self, name: str, content: bytes) -> dict[str, str]:
        """Adds a file; returns how the manifest names it."""
        self.files[name] = content
        return {"file": name, "sha256": hashlib.sha256(content).hexdigest()}


def sources_of(path: Path, flags: Sequence[str]) -> list[str]:
    """MLIR text of each dispatch of a module compiled with IREE's `flags`, but those at load.

    Raises InputError for a file that is missing or no MLIR, CompileError when IREE refuses it.
    """
    session = Session(flags)
    module = session.run(session.parse(path), None, SOURCES)
    normalize(module)
    texts = (standalone(d.executable, d.name) for d in find_dispatches(module) if not d.at_load)
    return [text for text in texts if text]


def gather(
    sources: Iterable[str], flags: Sequence[str], propose: Propose, repeat: int = 1
) -> Contents:
    """Compiles candidates for dispatches given as MLIR text (`iree.executables`). A program runs
    its dispatch `repeat` times: a short one could not be timed by itself.

    A dispatch that is no program by itself, is none for the device, computes in place, has no
    schedules, or over which IREE ends its process is left out, with its reason. Equal workloads are
    bundled once. The calling script needs the usual `if __name__ == "__main__":` guard (workers are
    spawned).
    """
    contents = Contents(repeat=repeat)
    known: set[str] = set()
    one = partial(build, flags=tuple(flags), propose=propose, repeat=repeat)
    workers = usable_cores()
    for _, built in isolated(one, list(sources), timeout=TIMEOUT, workers=workers):
        if isinstance(built, TlmError):
            contents.left_out.append(str(built))
        else:
            _add(contents, built, known)
    return contents


def _add(contents: Contents, built: Built, known: set[str]) -> None:
    if built.workload in known:
        return
    known.add(built.workload)
    contents.target = built.target
    folder = f"{len(contents.programs):04d}"
    candidates: list[dict[str, Any]] = []
    for place, made in enumerate(built.candidates):
        if isinstance(made.program, str):
            candidates.append({"schedule": made.schedule, "failed": made.program})
        else:
            kept = contents.keep(f"{folder}/{place:03d}.vmfb", made.program)
            candidates.append({"schedule": made.schedule, "statics": made.statics, **kept})
    contents.programs.append(
        {
            "workload": json.loads(built.workload),
            "inputs": built.inputs,
            "tolerance": built.tolerance,
            "reference": contents.keep(f"{folder}/reference.vmfb", built.reference),
            "candidates": candidates,
        }
    )


def write(contents: Contents, path: Path, device: str) -> None:
    """Writes the bundle, aside and renamed. `device` is IREE's name of the driver to run it on.

    Raises InputError when nothing could be bundled, or the file cannot be written.
    """
    if not contents.programs:
        why = f" ({contents.left_out[0]})" if contents.left_out else ""
        raise InputError(f"nothing to bundle for {path}{why}; give dispatches with schedules")
    manifest = {
        "format": FORMAT,
        "device": device,
        "target": json.loads(contents.target),
        "versions": versions(),
        "repeat": contents.repeat,
        "programs": contents.programs,
    }
    with opened(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files(contents, manifest):
            archive.writestr(_entry(name), content, zipfile.ZIP_DEFLATED)


def _entry(name: str) -> zipfile.ZipInfo:
    """The header of a file, with a fixed date, so that equal candidates give equal bytes."""
    return zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))


def _files(contents: Contents, manifest: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    yield "__main__.py", _MAIN
    for path in sorted(Path(bundled.__file__).parent.glob("*.py")):
        yield f"{path.parent.name}/{path.name}", path.read_bytes()
    yield MANIFEST, json.dumps(manifest, sort_keys=True).encode()
    yield from sorted(contents.files.items())
