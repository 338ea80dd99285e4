# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A campaign of values: random schedules on random programs, compared with IREE's default.

A program is compiled as `tlm-mlir compile` does it, by a policy that draws instead of asking the
model. So what is checked is the road of the product, its fallbacks included. Each program is run on
small integers, of which all sums are exact, and compared for equality: no skipped tail or slice can
hide. Then it is run on floats, within what rounding explains.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from iree import runtime

from ..compiler.driver import compile_file
from ..compiler.options import Options
from ..decisions.channels_last import LAST
from ..decisions.graph import NAME
from ..decisions.im2col_script import IM2COL
from ..decisions.packing import TILED
from ..decisions.weights import PACKED
from ..errors import CompileError, MeasureError
from ..iree.session import Session
from ..language.sampling import draw, random_value
from ..language.schedule import LEAVE, Schedule
from ..language.space import Choice, Knob
from ..language.space import Value as Size
from ..measure.oracle import beyond
from ..policy.deciding import FELL_BACK, SCHEDULED
from ..policy.scheduler import Answer
from ..targets.task import Task
from . import value_programs
from .elements import element_of
from .program import Program
from .value_programs import CONTRACTIONS, KINDS, SCOPE, SUMS, Tensor, ValueProgram
from .values import Value


@dataclass(frozen=True)
class Family:
    """Schedules of one kind: of the `options` the first that is open is chosen for an op, and the
    rest is drawn. `kinds` and `types` are of the programs."""

    options: tuple[str, ...]
    kinds: tuple[str, ...] = KINDS
    types: tuple[str, ...] = ("f32",)


_IMAGES = ("conv_2d_nhwc_hwcf", "conv_2d_nchw_fchw")
_ANY = tuple(SUMS)
FAMILIES = {
    "packed": Family((PACKED, LAST)),
    "im2col": Family((IM2COL,), _IMAGES, _ANY),
    "im2col, packed": Family((IM2COL, PACKED), _IMAGES),
    "channels last": Family((LAST,), ("conv_2d_nchw_fchw",), _ANY),
    "tiled": Family((TILED,), tuple(CONTRACTIONS), _ANY),
    "im2col, tiled": Family((IM2COL, TILED), _IMAGES, _ANY),
}
RIGHT, WRONG, FALLBACK, REFUSED = "right", "wrong", "fallback", "does not compile"
CRASHED, NOTHING, DEFAULT_FAILS = "crashed", "nothing chosen", "IREE's default fails"
STATUSES = (RIGHT, WRONG, FALLBACK, REFUSED, CRASHED, NOTHING, DEFAULT_FAILS)
LIMIT = 3
"""Integers reach from minus this to this."""
TRIES = 20


@dataclass(frozen=True)
class Batch:
    """Some schedules for the program of a seed."""

    family: str
    seed: int
    numbers: tuple[int, ...]

    def alone(self) -> list[Batch]:
        """A batch for each schedule."""
        return [replace(self, numbers=(number,)) for number in self.numbers]


@dataclass(frozen=True)
class Checked:
    """One schedule: its status, what was decided as `point: tokens`, and what is wrong."""

    family: str
    seed: int
    number: int
    program: str
    status: str
    schedules: tuple[str, ...] = ()
    reason: str = ""


class Drawing:
    """A policy that draws: a family's choice for an op, and any schedule but IREE's own for a
    dispatch."""

    identity = "random"

    def __init__(self, family: str, seed: Sequence[int]) -> None:
        self._wanted = FAMILIES[family].options
        self._random = np.random.default_rng(seed)

    def compared_by(self, task: Task[Any]) -> str:
        """Nothing compares what is drawn."""
        return ""

    def ask(
        self,
        tasks: Sequence[Task[Any]],
        baselines: Sequence[Schedule | None],
        samples: int | None = None,
    ) -> list[Answer]:
        """A schedule for each task."""
        return [Answer(self._draw(task)) for task in tasks]

    def _draw(self, task: Task[Any]) -> Schedule:
        extents = task.workload.extents
        for _ in range(TRIES):
            found = draw(task.space(), lambda knob: self._value(knob, extents))
            if not found.is_default or not task.schedulable or found.choice(NAME) == LEAVE:
                break
        return found

    def _value(self, knob: Knob, extents: Sequence[int]) -> Size:
        if isinstance(knob, Choice) and knob.name == NAME:
            return next((word for word in self._wanted if word in knob.options), LEAVE)
        return random_value(knob, extents, self._random)


def check(batch: Batch) -> list[Checked]:
    """What becomes of the schedules of a batch. May end its process: call it by `isolated`."""
    family = FAMILIES[batch.family]
    program = value_programs.draw(batch.seed, family.kinds, family.types)
    rows = [
        Checked(batch.family, batch.seed, number, program.name, RIGHT) for number in batch.numbers
    ]
    with tempfile.TemporaryDirectory(prefix="tlm-values-") as name:
        runs = _Runs(program, Path(name))
        try:
            wanted = runs.default()
        except (CompileError, MeasureError) as error:
            return [replace(row, status=DEFAULT_FAILS, reason=str(error)) for row in rows]
        return [_checked(row, runs, wanted) for row in rows]


def _checked(row: Checked, runs: _Runs, wanted: Sequence[Sequence[np.ndarray]]) -> Checked:
    out = runs.folder / f"{row.number}.vmfb"
    policy = Drawing(row.family, (row.seed, row.number))
    try:
        report = compile_file(runs.program.text, out, runs.options, scheduler=policy)
    except CompileError as error:
        return replace(row, status=REFUSED, reason=str(error))
    except Exception as error:  # a defect of ours, which must not end the campaign
        return replace(row, status=CRASHED, reason=f"{type(error).__name__}: {error}")
    some = [each for each in report.decisions if each.outcome in (SCHEDULED, FELL_BACK)]
    row = replace(row, schedules=tuple(f"{each.point}: {each.schedule}" for each in some))
    try:
        got = runs.results(out)
    except MeasureError as error:
        return replace(row, status=CRASHED, reason=str(error))
    for how, mine, want in zip(("integers", "floats"), got, wanted, strict=True):
        fault = runs.fault(mine, want, exact=how == "integers")
        if fault:
            return replace(row, status=WRONG, reason=f"{how}: {fault}")
    if report.warnings:
        return replace(row, status=FALLBACK, reason=report.warnings[0])
    return row if some else replace(row, status=NOTHING)


class _Runs:
    """A program, two sets of values for it, and a folder."""

    def __init__(self, program: ValueProgram, folder: Path) -> None:
        self.program, self.folder, self.options = program, folder, Options()
        self._arguments: list[list[Value]] = []
        self._archives: list[str] = []
        for exact in (True, False):
            random = np.random.default_rng(int(exact))
            self._archives.append(self._archive(exact, random))
            self._arguments.append([_drawn(each, exact, random) for each in program.arguments])

    def _archive(self, exact: bool, random: np.random.Generator) -> str:
        index = runtime.ParameterIndex()
        for name, tensor in self.program.parameters.items():
            index.add_buffer(name, _drawn(tensor, exact, random).raw)
        path = self.folder / f"{'integers' if exact else 'floats'}.irpa"
        index.create_archive_file(str(path))
        return f"{SCOPE}={path}"

    def default(self) -> list[list[np.ndarray]]:
        """What IREE's default computes."""
        out = self.folder / "default.vmfb"
        session = Session(self.options.flags())
        session.finish(session.parse_bytes(self.program.text.encode()), None, out)
        return self.results(out)

    def results(self, path: Path) -> list[list[np.ndarray]]:
        """The results on integers, and on floats."""
        found = []
        for archive, arguments in zip(self._archives, self._arguments, strict=True):
            # The calling thread does all work: many programs are loaded one after another.
            program = Program(path, (archive,), device="local-sync")
            results = program.run(program.upload(arguments))
            found.append([value.array() for value in results])
        return found

    def fault(self, got: Sequence[np.ndarray], want: Sequence[np.ndarray], exact: bool) -> str:
        """What is wrong with results, or nothing."""
        if len(got) != len(want):
            return f"{len(got)} results instead of {len(want)}"
        for mine, right in zip(got, want, strict=True):
            if mine.shape != right.shape:
                return f"the shape {mine.shape} instead of {right.shape}"
            if exact or right.dtype.kind != "f":
                wrong = mine != right
            else:
                epsilon = float(np.finfo(np.float32).eps)
                wrong = beyond(mine, right, epsilon, self.program.terms)
            if wrong.any():
                return f"{int(wrong.sum())} of {right.size} values"
        return ""


def _drawn(tensor: Tensor, exact: bool, random: np.random.Generator) -> Value:
    shape, name = tensor
    element = element_of(name)
    if exact or not element.is_float:
        values = random.integers(-LIMIT, LIMIT + 1, shape).astype(np.float32)
    else:
        values = random.standard_normal(shape, np.float32)
    return Value(element, shape, element.encode(values))
