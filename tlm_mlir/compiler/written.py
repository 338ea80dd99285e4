# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules written by hand in place of a model's, and what becomes of them.

They are given by a part of a dispatch's name and tokens, or stand in the module as comments:

    // SCHEDULE: matmul pipeline:tile peel:no @vector m5 z5 ... <end>

A size may be written as a plain number (`32` for `m5 z5`). Without a name they are for every
dispatch. No checkpoint is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from iree.compiler import ir

from ..decisions.schedule_pass import SchedulePass
from ..decisions.script import build_script
from ..decisions.script_header import Origin, ScheduledDispatch
from ..decisions.script_reading import read_script
from ..errors import InputError
from ..ir.dispatch import Dispatch, find_dispatches
from ..ir.lengths import assumed
from ..ir.workload import Workload
from ..iree.attributes import DECOMPOSITION, LOWERING, TRANSLATION
from ..iree.executables import functions_of
from ..iree.module import body, symbol
from ..iree.phases import CONFIGURED, SOURCES
from ..iree.session import Session
from ..language import integers
from ..language.schedule import PIPELINE
from ..targets import registry
from ..targets.dispatches import normalize
from ..targets.target import Target
from .options import Options
from .source import Given, Source

DIRECTIVE = b"// SCHEDULE:"
ATTRIBUTES = (TRANSLATION, LOWERING, DECOMPOSITION)


def emitted(
    source: Given,
    options: Options,
    emit: str,
    *,
    schedules: Sequence[str] = (),
    script: Path | None = None,
) -> Iterator[str]:
    """Lines that tell what schedules do to a program, one of `emits.EMITS`.

    They are `schedules`, those that comments of the program hold, or, in place of both, a finished
    `script`. Raises InputError for a schedule that names no dispatch or leaves the space, for one
    of a dispatch that cannot be scheduled, and for a script or a program that cannot be used.
    """
    given = Source.of(source)
    session = Session(options.flags())
    module = given.parse(session)
    if emit == "attributes":
        yield from _configurations(module)
        return
    session.run(module, None, SOURCES)
    normalize(module)
    dispatches = find_dispatches(module)
    if emit == "workload":
        yield from _described(dispatches)
        return
    if script is not None:
        applied, only = read_script(script), None
    else:
        target = _target(dispatches, options.core_count())
        chosen = list(_scheduled([*schedules, *_directives(given)], dispatches, target))
        origin = Origin(source=Path(given.name).name)
        applied = build_script(chosen, target, session.context, origin)
        only = {dispatch.name for dispatch in chosen}
    if emit == "script":
        yield str(applied)
        return
    SchedulePass(applied, only).run(module)
    if emit == "config":
        session.run(module, SOURCES, CONFIGURED)
    yield from _configurations(module)


def _directives(source: Source) -> list[str]:
    """The schedules that comments of a program hold."""
    lines = source.read().splitlines()
    found = [line.removeprefix(DIRECTIVE) for line in lines if line.startswith(DIRECTIVE)]
    return [line.decode(errors="replace").strip() for line in found]


def _target(dispatches: Sequence[Dispatch], cores: int) -> Target:
    """The target that the dispatches are for. Raises InputError where there is none."""
    if not dispatches:
        raise InputError("the module has no dispatches; give one with something to schedule")
    first = dispatches[0]
    return registry.read_target(first.target, cores, first.function.context)


def _scheduled(
    lines: Sequence[str], dispatches: Sequence[Dispatch], target: Target
) -> Iterator[ScheduledDispatch]:
    """The dispatches that are named, in the order of the lines."""
    for line in lines:
        name, tokens = _parsed(line)
        named = [dispatch for dispatch in dispatches if name in dispatch.name]
        if not named:
            raise InputError(f"no dispatch is called '{name}'; correct the name")
        for dispatch in named:
            workload = _workload(dispatch, target)
            task = registry.task(workload, target)
            yield ScheduledDispatch(
                dispatch.name, workload, dispatch.reading.names, task.decode(tokens)
            )


def _parsed(line: str) -> tuple[str, list[str]]:
    """(part of a dispatch's name, tokens) of a schedule's text, plain numbers spelled out."""
    words = line.split()
    # Names such as `attention` are words of the vocabulary, too.
    named = words and not words[0].startswith(f"{PIPELINE}:")
    name = words.pop(0) if named else ""
    tokens: list[str] = []
    for word in words:
        tokens += integers.encode(int(word)) if word.isdigit() else [word]
    return name, tokens


def _workload(dispatch: Dispatch, target: Target) -> Workload:
    found = dispatch.reading.workload
    workload = assumed(found) if found else None
    if workload is None or not registry.backend(target).serves(workload):
        reason = dispatch.reading.reason or "has a dynamic shape"
        raise InputError(f"{dispatch.name} {reason}; it cannot be scheduled")
    return workload


def _described(dispatches: Sequence[Dispatch]) -> Iterator[str]:
    """What was read: a line for each dispatch, one more for each op, the workload's digest last."""
    for dispatch in dispatches:
        workload = dispatch.reading.workload
        if workload is None:
            yield f"{dispatch.name}: left to IREE, it {dispatch.reading.reason}"
            continue
        when = " at load" if dispatch.at_load else ""
        bounds = "".join(f", d{b.dim} from {b.low} to {b.high}" for b in workload.dynamic)
        yield f"{dispatch.name}:{when} extents {list(workload.extents)}{bounds}"
        for position, op in enumerate(workload.ops):
            root = "root" if position == workload.root else "op"
            loops = " ".join(f"d{d}:{k}" for d, k in zip(op.loops, op.iterators, strict=True))
            yield f"  {root} {op.kind} [{loops}] {'; '.join(op.body)}"
        yield f"  digest {workload.digest}"


def _configurations(module: ir.Operation) -> Iterator[str]:
    """Each dispatch function and its ops with the attributes that decide the lowering."""
    for function in functions_of(module):
        yield f"{symbol(function)}: {_attributes(function)}"
        for operation in body(function):
            if any(name in operation.attributes for name in ATTRIBUTES):
                yield f"  {operation.name}: {_attributes(operation)}"


def _attributes(operation: ir.Operation) -> str:
    found = [name for name in ATTRIBUTES if name in operation.attributes]
    return "; ".join(str(operation.attributes[name]) for name in found) or "nothing"
