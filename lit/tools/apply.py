# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules written by hand in a test file, in place of the model's, whose answers change.

    apply.py IN.mlir --emit=workload|script|scheduled|config|attributes [--script FILE]
             [--gpu TARGET:ARCH]

IN.mlir says what to do with its dispatches, by a part of their names:

    // SCHEDULE: matmul pipeline:tile peel:no @vector m5 z5 ... <end>

A size may be written as a plain number (`32` for `m5 z5`). `--script` applies a finished script
instead. `scheduled` shows what the script has set, `config` what IREE makes of it, `attributes`
what a module that is configured already holds. The target is x86-64-v4 with two cores, or the
GPU that `--gpu` names, so that the output is the same on every machine.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from iree.compiler import ir

from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script
from tlm_mlir.errors import InputError, TlmError
from tlm_mlir.ir.dispatch import Dispatch, find_dispatches
from tlm_mlir.ir.workload import Workload
from tlm_mlir.iree.devices import gpu_flags
from tlm_mlir.iree.executables import functions_of
from tlm_mlir.iree.module import body, symbol
from tlm_mlir.iree.phases import CONFIGURED, SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.language import integers
from tlm_mlir.targets import registry
from tlm_mlir.targets.dispatches import normalize
from tlm_mlir.targets.target import Target

DIRECTIVE = "// SCHEDULE:"
FLAGS = (
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-triple=x86_64-linux-gnu",
    "--iree-llvmcpu-target-cpu=x86-64-v4",
)
CORES = 2
EMITS = ("workload", "script", "scheduled", "config", "attributes")
ATTRIBUTES = ("translation_info", "lowering_config", "decomposition_config")


def words(text: str) -> list[str]:
    """The tokens of a directive, plain numbers spelled out."""
    tokens: list[str] = []
    for word in text.split():
        tokens += integers.encode(int(word)) if word.isdigit() else [word]
    return tokens


def directives(path: Path) -> list[tuple[str, list[str]]]:
    """(part of a dispatch's name, tokens) of each directive line."""
    found = []
    for line in path.read_text().splitlines():
        if line.startswith(DIRECTIVE):
            name, _, text = line[len(DIRECTIVE) :].strip().partition(" ")
            found.append((name, words(text)))
    return found


def target_of(dispatches: Sequence[Dispatch]) -> Target:
    """The target that the dispatches are for."""
    first = dispatches[0]
    return registry.read_target(first.target, CORES, first.function.context)


def scheduled(path: Path, dispatches: Sequence[Dispatch]) -> Iterator[ScheduledDispatch]:
    """The dispatches that directives name. Raises InputError for a directive that names none."""
    target = target_of(dispatches)
    for name, tokens in directives(path):
        chosen = [dispatch for dispatch in dispatches if name in dispatch.name]
        if not chosen:
            raise InputError(f"no dispatch is called '{name}'; correct the directive")
        for dispatch in chosen:
            workload = _workload(dispatch)
            choice = registry.task(workload, target).decode(tokens)
            yield ScheduledDispatch(dispatch.name, workload, dispatch.reading.names, choice)


def _workload(dispatch: Dispatch) -> Workload:
    if dispatch.reading.workload is None:
        raise InputError(f"{dispatch.name} {dispatch.reading.reason}; it cannot be scheduled")
    return dispatch.reading.workload


def describe(dispatches: Sequence[Dispatch]) -> Iterator[str]:
    """What was read: a line for each dispatch, one more for each op, the workload's digest last."""
    for dispatch in dispatches:
        workload = dispatch.reading.workload
        if workload is None:
            yield f"{dispatch.name}: left to IREE, it {dispatch.reading.reason}"
            continue
        when = " at load" if dispatch.at_load else ""
        yield f"{dispatch.name}:{when} extents {list(workload.extents)}"
        for position, op in enumerate(workload.ops):
            root = "root" if position == workload.root else "op"
            loops = " ".join(f"d{d}:{k}" for d, k in zip(op.loops, op.iterators, strict=True))
            yield f"  {root} {op.kind} [{loops}] {'; '.join(op.body)}"
        yield f"  digest {workload.digest}"


def configurations(module: ir.Operation) -> Iterator[str]:
    """Each dispatch function and its ops with the attributes that decide the lowering."""
    for function in functions_of(module):
        yield f"{symbol(function)}: {_attributes(function)}"
        for operation in body(function):
            if any(name in operation.attributes for name in ATTRIBUTES):
                yield f"  {operation.name}: {_attributes(operation)}"


def _attributes(operation: ir.Operation) -> str:
    found = [name for name in ATTRIBUTES if name in operation.attributes]
    return "; ".join(str(operation.attributes[name]) for name in found) or "nothing"


def read_script(session: Session, path: Path) -> ir.Module:
    """A script from a file. Raises InputError when it is no MLIR."""
    text = path.read_text()
    session.parse_text(text, str(path))
    return ir.Module.parse(text, session.context)


def run(path: Path, emit: str, script_path: Path | None, flags: Sequence[str]) -> Iterator[str]:
    """The lines to print."""
    session = Session(flags)
    module = session.parse(path)
    if emit == "attributes":
        yield from configurations(module)
        return
    module = session.run(module, None, SOURCES)
    normalize(module)
    dispatches = find_dispatches(module)
    if emit == "workload":
        yield from describe(dispatches)
        return
    if script_path:
        script, only = read_script(session, script_path), None
    else:
        chosen = list(scheduled(path, dispatches))
        script = build_script(chosen, target_of(dispatches), session.context)
        only = {dispatch.name for dispatch in chosen}
    if emit == "script":
        yield str(script)
        return
    SchedulePass(script, only).run(module)
    if emit == "config":
        module = session.run(module, SOURCES, CONFIGURED)
    yield from configurations(module)


def main() -> int:
    """Prints what was asked for; an error is one sentence on stderr and status 1."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--emit", choices=EMITS, required=True)
    parser.add_argument("--script", type=Path)
    parser.add_argument("--gpu", metavar="TARGET:ARCH", help="vulkan:ampere, cuda:sm_80, ...")
    options = parser.parse_args()
    try:
        flags = gpu_flags(*options.gpu.split(":")) if options.gpu else FLAGS
        for line in run(options.path, options.emit, options.script, flags):
            print(line)
    except TlmError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
