# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whose values are right, where programs of one module disagree.

Stock IREE's values are no truth: under some flags, and for some ops, they are the wrong ones. A
program is convicted by a reference, which is compiled as differently as IREE allows. A reference
counts once another program agrees with it, since it may be wrong as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..iree import flags
from .agreement import difference, tolerance
from .values import Value

RIGHT, WRONG, UNDECIDED = "ok", "wrong values", "undecided"

Calls = Sequence[Sequence[Value]]
"""The results of calls after each other: a program may keep state."""


@dataclass(frozen=True)
class Verdict:
    """The judgement of a program: RIGHT, WRONG or UNDECIDED, its error, and what it is against."""

    status: str
    error: float
    against: str


@dataclass(frozen=True)
class Reference:
    """A program that decides, and flags for it besides the input's."""

    name: str
    flags: tuple[str, ...]


_UNOPTIMIZED = f"{flags.OPT_LEVEL}=O0"
INDEPENDENT = Reference("vmvx", (*flags.VMVX_FLAGS, _UNOPTIMIZED))
"""IREE's interpreter: it shares no code generation with LLVM's backend. It is slow, and does not
compile every program."""
QUICK = Reference("llvm-cpu-O0", (*flags.cpu("generic"), _UNOPTIMIZED))
"""LLVM without optimization: most passes do not run, but it shares the defects of those that do."""


def error(got: Calls, want: Calls) -> float:
    """The largest difference over all calls."""
    if len(got) != len(want):
        return math.inf
    return max((difference(a, b) for a, b in zip(got, want, strict=True)), default=0.0)


def limit(arguments: Sequence[Value], calls: Calls) -> float:
    """The largest error that rounding explains, by all types of a call."""
    results = (value for call in calls for value in call)
    return tolerance(value.element for value in (*arguments, *results))


def judge(
    programs: Mapping[str, Calls], references: Mapping[str, Calls], bound: float
) -> dict[str, Verdict]:
    """A verdict on each program by name. `references` are in the order in which they are believed.

    Without a reference that counts, programs are right where all agree, and undecided otherwise.
    """
    truth = _truth(programs, references, bound)
    if truth:
        want = references[truth]
        return {
            name: _against(truth, error(calls, want), bound, WRONG)
            for name, calls in programs.items()
        }
    if not programs:
        return {}
    first, want = next(iter(programs.items()))
    found = {name: error(calls, want) for name, calls in programs.items()}
    if max(found.values()) <= bound:
        return {name: Verdict(RIGHT, value, first) for name, value in found.items()}
    return {name: Verdict(UNDECIDED, value, first) for name, value in found.items()}


def _against(name: str, value: float, bound: float, otherwise: str) -> Verdict:
    return Verdict(RIGHT if value <= bound else otherwise, value, name)


def _truth(programs: Mapping[str, Calls], references: Mapping[str, Calls], bound: float) -> str:
    """The first reference with which anything agrees."""
    for name, want in references.items():
        others = [
            calls for other, calls in (*programs.items(), *references.items()) if other != name
        ]
        if any(error(calls, want) <= bound for calls in others):
            return name
    return ""
