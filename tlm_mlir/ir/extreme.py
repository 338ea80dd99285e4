# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The largest or the least element along a dim, with its place: what an argmax computes."""

from __future__ import annotations

from dataclasses import dataclass

from .analysis import once, parsed_body
from .workload import Op, Workload

LARGEST = {"maximumf": ("cmpf", "2", "4"), "maxsi": ("cmpi", "4", "2")}
LEAST = {"minimumf": ("cmpf", "4", "2"), "minsi": ("cmpi", "2", "4")}
"""What a value is combined by, and what compares it with the one so far: the operation, the
predicate, and that of swapped operands (`ogt` and `olt`, `sgt` and `slt`)."""
PAIRS = LARGEST | LEAST


@dataclass(frozen=True)
class Extreme:
    """An op whose results are the `largest` (or the least) element along its loop `loop`, and the
    first place that has it. Of floats, the first NaN is a NaN's value, and the place is that of the
    extreme element before it."""

    loop: int
    largest: bool


@once
def extreme(workload: Workload) -> Extreme | None:
    """The only op of a workload as such; None for others."""
    (op, *others) = workload.ops
    if others or op.kind != "generic" or len(op.inputs) != 1 or len(op.outputs) != 2:
        return None
    read, (value, place) = op.inputs[0], op.outputs
    loops = [loop for loop, kind in enumerate(op.iterators) if kind == "reduction"]
    spans = [index.dim for index in read.indices]
    if len(loops) != 1 or value.dtype != read.dtype or value.indices != place.indices:
        return None
    parallel = [index.dim for index in value.indices]
    if sorted(map(str, spans)) != sorted(map(str, op.loops)):
        return None
    if sorted(map(str, parallel)) != sorted(map(str, op.dims("parallel"))):
        return None
    return _matched(op, loops[0])


def _matched(op: Op, loop: int) -> Extreme | None:
    """What the body of an op computes along a loop: a0 is the element, a1 and a2 what was found."""
    lines = parsed_body(op)

    def line(value: str) -> tuple[str, str, list[str]]:
        return lines[int(value[1:])] if value[:1] == "v" else ("", "", [])

    name, _, results = lines[-1] if lines else ("", "", [])
    if name != "yield" or len(results) != 2:
        return None
    combined, _, terms = line(results[0])
    chosen, _, picked = line(results[1])
    if combined not in PAIRS or sorted(terms) != ["a0", "a1"]:
        return None
    if chosen != "select" or len(picked) != 3 or picked[2] != "a2":
        return None
    condition, here, _ = picked
    wanted, predicate, swapped = PAIRS[combined]
    comparison = line(condition)
    if comparison not in ((wanted, predicate, ["a0", "a1"]), (wanted, swapped, ["a1", "a0"])):
        return None
    while line(here)[0] == "index_cast":
        (here,) = line(here)[2]
    if line(here)[:2] != ("index", str(loop)):
        return None
    return Extreme(loop, combined in LARGEST)
