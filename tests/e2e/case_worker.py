# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles and runs cases by stock IREE and by tlm-mlir, in a process that a case may end.

Reads one JSON request a line: the case's path, and whether to do what stock does. Answers with one
JSON line for every step that begins and one for the outcome, so that a death shows where it was.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TextIO

from iree.compiler import ir

from tlm_mlir.bench.agreement import relative_error
from tlm_mlir.bench.elements import element_of
from tlm_mlir.bench.inputs import Declared, arguments, resolve
from tlm_mlir.bench.program import Program
from tlm_mlir.bench.signature import function_inputs, function_names
from tlm_mlir.bench.values import Value
from tlm_mlir.compiler.driver import compile_file
from tlm_mlir.compiler.options import Options
from tlm_mlir.errors import CompileError, TlmError
from tlm_mlir.ir.dispatch import find_dispatches
from tlm_mlir.iree.phases import ABI, SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.policy.scheduler import Scheduler

GIVEN = {
    "c23_dynamic_seq_head": ("12x37x64xf32", "12x53x64xf32", "64x96xf32"),
    "c30_dynamic_zero": ("0x96xf32", "96x80xf32", "50x96xf32"),
}
"""Inputs with dynamic extents."""
UNREAD = 64
"""Terms of a sum in a dispatch that cannot be read, as far as is known."""
ROUNDINGS = 4
"""How many times the error of rounding that is expected of a sum counts as agreement."""
ANSWERS: TextIO = sys.stdout


def answer(**fields: object) -> None:
    print(json.dumps(fields), file=ANSWERS, flush=True)


@cache
def scheduler() -> Scheduler:
    return Scheduler()


def rounding(module: ir.Operation) -> float:
    """The relative error that sums in another order have, by the terms of a module's longest sums.

    `module` is at `executable-sources`.
    """
    worst = 0.0
    for dispatch in find_dispatches(module):
        workload = dispatch.reading.workload
        if workload is None or not workload.static:
            worst = max(worst, math.sqrt(UNREAD) * element_of("f32").epsilon)
            continue
        for op in workload.ops:
            terms = math.prod(workload.extents[dim] for dim in op.dims("reduction"))
            for operand in op.outputs:
                worst = max(worst, math.sqrt(terms) * element_of(operand.dtype).epsilon)
    return ROUNDINGS * worst


def stock(path: Path, out: Path) -> tuple[dict[str, list[Declared]], float]:
    """Compiles by stock IREE. Returns the inputs of all public functions, and `rounding`."""
    session = Session(Options().flags())
    module = session.run(session.parse(path), None, ABI)
    inputs = {name: function_inputs(module, name) for name in function_names(module)}
    session.run(module, ABI, SOURCES)
    found = rounding(module)
    session.finish(module, SOURCES, out)
    return inputs, found


def results(path: Path, calls: Sequence[tuple[str, list[Value]]]) -> Iterator[Value]:
    """What a program returns, and leaves in its arguments, in calls that share its state."""
    program = Program(path)
    for name, values in calls:
        function = program.sibling(name)
        yield from function.run(function.upload(values))


def calls(name: str, inputs: dict[str, list[Declared]]) -> list[tuple[str, list[Value]]]:
    """A call of each public function in order, and again of all but the first of several."""
    functions = [*inputs, *(list(inputs)[1:] or inputs)]
    values = {each: arguments(resolve(inputs[each], GIVEN.get(name, ()))[0]) for each in inputs}
    return [(each, values[each]) for each in functions]


def apart(
    found: Sequence[Value], wanted: Sequence[Value], rounded: float
) -> list[tuple[float, float]]:
    """How far values are apart, each beside what rounding explains: of integers, nothing."""
    assert [value.element for value in found] == [value.element for value in wanted]
    return [
        (
            relative_error(ours.array(), theirs.array()),
            (rounded + 2 * theirs.element.epsilon) if theirs.element.is_float else 0.0,
        )
        for ours, theirs in zip(found, wanted, strict=True)
    ]


def compare(path: Path, folder: Path) -> None:
    """Answers with how far the values are apart, each beside what rounding explains."""
    reference, ours = folder / "stock.vmfb", folder / "ours.vmfb"
    answer(step="stock compiles")
    try:
        inputs, rounded = stock(path, reference)
    except CompileError as error:
        answer(stock=str(error))
        return
    answer(step="stock runs")
    asked = calls(path.stem, inputs)
    wanted = list(results(reference, asked))
    answer(step="tlm-mlir compiles")
    report = compile_file(path, ours, Options(), scheduler=scheduler())
    answer(step="tlm-mlir runs")
    found = list(results(ours, asked))
    answer(apart=apart(found, wanted, rounded), warnings=report.warnings)


def alone(path: Path, folder: Path) -> None:
    """Answers with what tlm-mlir says of a case that stock cannot compile."""
    answer(step="tlm-mlir compiles")
    try:
        compile_file(path, folder / "ours.vmfb", Options(), scheduler=scheduler())
    except TlmError as error:
        answer(refused=str(error))
    else:
        answer(refused="")


def main() -> None:
    global ANSWERS
    # IREE prints to the standard output, too, which must hold answers alone.
    ANSWERS = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(prefix="tlm-cases-") as folder:
        for line in sys.stdin:
            request = json.loads(line)
            try:
                run = compare if request["stock"] else alone
                run(Path(request["path"]), Path(folder))
            except Exception as error:  # any that the code under test raises: told, and failed
                answer(raised=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
