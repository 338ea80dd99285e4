# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bundles: candidates compiled here, to be measured on a machine that has the device.

A bundle is a zip file that Python runs (`python bundle.zip`): programs of one dispatch each, every
one under IREE's default and several schedules, and for a CPU to compare values with. What runs it
there is measure/bundle_runner.py, which is in the bundle; it needs no compiler.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from iree.compiler import ir

from ..compiler.apply import annotate
from ..compiler.scheduler import Scheduler
from ..compiler.session import CPU_FLAGS, SOURCES, Session
from ..errors import CompileError, InputError
from ..ir.dispatch import Dispatch, find_dispatches, normalize
from ..ir.program import as_program
from ..ir.standalone import standalone
from ..ir.workload import Workload
from ..language import vocabulary
from ..language.prompt import MAX_TOKENS, prompt_tokens
from ..language.schedule import Schedule, encode
from ..targets import registry
from ..targets.target import Target
from . import bundle_runner
from .arithmetic import is_exact

REFERENCE_FLAGS = (*CPU_FLAGS, "--iree-llvmcpu-target-cpu=x86-64-v3")
_INTEGERS, _INDICES = (-3, 4), (0, 2)
_TOLERANCE, _NARROW_TOLERANCE = 1e-4, 2e-2
"""Of the largest value, where the arithmetic is not exact; the latter for 16-bit floats."""
Propose = Callable[[Workload, Target], list[Schedule]]


@dataclass
class Contents:
    """What a bundle will hold: the manifest's programs, and files by name."""

    target: str = ""
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


def random_candidates(count: int, seed: int) -> Propose:
    """Proposes up to `count` different schedules drawn from the grammar."""
    rng = np.random.default_rng(seed)

    def propose(workload: Workload, target: Target) -> list[Schedule]:
        if not _schedulable(workload, target):
            return []
        drawn = (registry.random_schedule(workload, target, rng) for _ in range(4 * count))
        return list(dict.fromkeys(drawn))[:count]

    return propose


def model_candidates(count: int, seed: int, scheduler: Scheduler) -> Propose:
    """Proposes up to `count` different schedules that the model writes, the greedy one first."""

    def propose(workload: Workload, target: Target) -> list[Schedule]:
        if not _schedulable(workload, target):
            return []
        return list(dict.fromkeys(scheduler.sample(workload, target, 2 * count, seed)))[:count]

    return propose


def _schedulable(workload: Workload, target: Target) -> bool:
    """Whether there is anything but IREE's default, and the model can read the question."""
    default = registry.backend(target).DEFAULT
    if registry.grammar(workload, target).cursor().allowed() == [default]:
        return False
    return len(prompt_tokens(workload, target)) <= MAX_TOKENS


def sources_of(path: Path, flags: Sequence[str]) -> list[str]:
    """MLIR text of each dispatch of a module compiled with IREE's `flags`, but those at load.

    Raises InputError for a file that is missing or no MLIR, CompileError when IREE refuses it.
    """
    session = Session(flags)
    module = session.run(session.parse(path), None, SOURCES)
    normalize(module)
    texts = (standalone(d) for d in find_dispatches(module) if not d.at_load)
    return [text for text in texts if text]


def gather(sources: Iterable[str], flags: Sequence[str], propose: Propose) -> Contents:
    """Compiles candidates for dispatches given as MLIR text (`ir.standalone`).

    A dispatch that is no program by itself, is none for the device, or has no schedules is left
    out, with its reason. Equal workloads are bundled once.
    """
    contents = Contents()
    session, reference = Session(flags), Session(REFERENCE_FLAGS)
    known: set[str] = set()
    for source in sources:
        try:
            _add(contents, source, session, reference, propose, known)
        except (InputError, CompileError) as error:
            contents.left_out.append(str(error))
    return contents


def _add(
    contents: Contents,
    source: str,
    session: Session,
    reference: Session,
    propose: Propose,
    known: set[str],
) -> None:
    program = program_of(source, reference)
    text = str(program)
    inputs = _inputs(program)
    module, dispatch = for_device(text, session)
    workload = dispatch.reading.workload
    assert workload is not None
    if workload.digest in known:
        return
    known.add(workload.digest)
    target = registry.read_target(dispatch.target, 1, session.context)
    schedules = propose(workload, target)
    if not schedules:
        raise InputError("a dispatch has no schedules but the default")
    contents.target = target.to_json()
    folder = f"{len(contents.programs):04d}"
    make = registry.space_maker(workload, target)
    default = f"{registry.backend(target).DEFAULT} {vocabulary.END}"
    rows = [(default, None), *((" ".join(encode(s, make)), s) for s in schedules)]
    candidates: list[dict[str, Any]] = []
    for place, (words, schedule) in enumerate(rows):
        made = _compiled(session, module, schedule, target)
        if isinstance(made, str):
            candidates.append({"schedule": words, "failed": made})
        else:
            kept = contents.keep(f"{folder}/{place:03d}.vmfb", made)
            candidates.append({"schedule": words, **kept})
    cpu = _finished(reference, reference.parse_text(text), None)
    contents.programs.append(
        {
            "workload": json.loads(workload.to_json()),
            "inputs": inputs,
            "tolerance": _tolerance(workload),
            "reference": contents.keep(f"{folder}/reference.vmfb", cpu),
            "candidates": candidates,
        }
    )


def program_of(source: str, reference: Session) -> ir.Operation:
    """The program of a dispatch given as MLIR text for any backend, read in a session of CPUs.

    Raises InputError for one that is no program by itself.
    """
    program = as_program(reference.parse_text(source))
    if program is None:
        raise InputError("a dispatch reads or writes a part of a tensor")
    return program


def for_device(program: str, session: Session) -> tuple[ir.Operation, Dispatch]:
    """A program of one dispatch (MLIR text) as the session's device gets it, at SOURCES.

    Raises InputError where it becomes several or cannot be read, CompileError where IREE refuses.
    """
    module = session.run(session.parse_text(program), None, SOURCES)
    normalize(module)
    return module, _only(module)


def _only(module: ir.Operation) -> Dispatch:
    found = [d for d in find_dispatches(module) if not d.at_load]
    if len(found) != 1:
        raise InputError(f"a dispatch became {len(found)} dispatches for the device")
    if found[0].reading.workload is None:
        raise InputError(f"a dispatch cannot be read: {found[0].reading.reason}")
    return found[0]


def _compiled(
    session: Session, module: ir.Operation, schedule: Schedule | None, target: Target
) -> bytes | str:
    """The program under a schedule, None for IREE's default; a reason where it fails."""
    copy = module.clone().operation
    try:
        if schedule is not None:
            dispatch = _only(copy)
            annotate(dispatch.reading, dispatch.function, schedule, target)
        return _finished(session, copy, SOURCES)
    except CompileError as error:
        if schedule is None:
            raise
        return str(error)


def _finished(session: Session, module: ir.Operation, start: str | None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.vmfb"
        session.finish(module, start, path)
        return path.read_bytes()


def _inputs(program: ir.Operation) -> list[dict[str, Any]]:
    """Shapes, types and ranges of the program's arguments: small integers, whose sums are exact."""
    (function,) = program.regions[0].blocks[0].operations
    indexed = any(name in str(program) for name in ("tensor.extract", "iree_linalg_ext.gather"))
    signature = ir.FunctionType(ir.TypeAttr(function.attributes["function_type"]).value)
    types = [ir.RankedTensorType(kind) for kind in (*signature.inputs, *signature.results)]
    if strange := {str(t.element_type) for t in types} - set(bundle_runner.DTYPES):
        raise InputError(f"a dispatch has {min(strange)}, which numpy does not know")
    found = []
    for shaped in types[: len(signature.inputs)]:
        name = str(shaped.element_type)
        low, high = _INDICES if indexed and name.startswith("i") else _INTEGERS
        found.append({"shape": list(shaped.shape), "dtype": name, "low": low, "high": high})
    return found


def _tolerance(workload: Workload) -> float:
    if is_exact(workload):
        return 0.0
    kinds = {o.dtype for op in workload.ops for o in (*op.inputs, *op.outputs)}
    return _NARROW_TOLERANCE if kinds & {"f16", "bf16"} else _TOLERANCE


def write(contents: Contents, path: Path, device: str) -> None:
    """Writes the bundle, aside and renamed. `device` is IREE's name of the driver to run it on.

    Raises InputError when nothing could be bundled, or the file cannot be written.
    """
    if not contents.programs:
        why = f" ({contents.left_out[0]})" if contents.left_out else ""
        raise InputError(f"nothing to bundle for {path}{why}; give dispatches with schedules")
    versions = {"iree": version("iree-base-compiler"), "vocabulary": vocabulary.digest()}
    manifest = {
        "format": bundle_runner.FORMAT,
        "device": device,
        "target": json.loads(contents.target),
        "versions": versions,
        "programs": contents.programs,
    }
    partial = path.with_name(f".{path.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in _files(contents, manifest):
                archive.writestr(_entry(name), content, zipfile.ZIP_DEFLATED)
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; free space there") from None
    finally:
        partial.unlink(missing_ok=True)


def _entry(name: str) -> zipfile.ZipInfo:
    """With a fixed date: the same candidates give the same bytes."""
    return zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))


def _files(contents: Contents, manifest: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    yield "__main__.py", Path(bundle_runner.__file__).read_bytes()
    yield bundle_runner.MANIFEST, json.dumps(manifest, sort_keys=True).encode()
    yield from sorted(contents.files.items())
