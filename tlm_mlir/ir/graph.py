# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finding the ops of a whole program that graph-level decisions are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import linalg

from ..iree.attributes import COMPILATION
from ..iree.module import named, walk
from ..iree.ops import ATTENTION, FUNCTION, INITIALIZER
from .analysis import sums_products
from .extreme import extreme
from .lengths import assumed
from .reader import read_op
from .sources import CONSTANT, OPENING, RESHAPES, STORED, Sources
from .workload import Workload

CONVOLUTIONS = (
    "linalg.conv_2d_nchw_fchw",
    "linalg.conv_2d_nhwc_hwcf",
    "linalg.conv_2d_ngchw_gfchw",
)
WINDOWED = ("linalg.conv", "linalg.depthwise_conv", "linalg.pooling")
"""What names of ops that slide windows begin with."""
FUNCTIONS = (FUNCTION, INITIALIZER)


@dataclass(frozen=True)
class GraphOp:
    """One op of a program in the order of the program, and what it computes.

    `sources` tell where each input of the workload's root op comes from (`ir/sources.py`).
    """

    operation: ir.Operation
    workload: Workload
    sources: tuple[str, ...]


def find_convolutions(module: ir.Operation) -> list[GraphOp]:
    """The static 2-D convolutions of a module at the phase `preprocessing`."""
    found = []
    sources = Sources(module)
    for operation in operations_named(module, CONVOLUTIONS):
        workload = read_op(operation)
        if workload is not None and workload.static:
            inputs = sources.inputs(operation)
            image = _image(workload)
            if inputs[image] == STORED and _goes_on(operation):
                inputs = (*inputs[:image], OPENING, *inputs[image + 1 :])
            found.append(GraphOp(operation, workload, inputs))
    return found


def _image(workload: Workload) -> int:
    """Which input of a convolution its window slides over."""
    inputs = workload.root_op.inputs
    slides = (any(len(index.terms) > 1 for index in operand.indices) for operand in inputs)
    return next(place for place, some in enumerate(slides) if some)


def _goes_on(operation: ir.Operation) -> bool:
    """Whether what an op computes comes to a window by way of elementwise ops, padding and
    reshapes."""
    waiting, seen = [operation.results[0]], {operation.results[0]}
    while waiting:
        for use in waiting.pop().uses:
            reader = use.owner.operation
            if reader.name.startswith(WINDOWED):
                return True
            passes = reader.name in RESHAPES or reader.name == "tensor.pad"
            if passes or _elementwise(reader, inputs=None):
                new = [result for result in reader.results if result not in seen]
                seen.update(new)
                waiting += new
    return False


def find_attentions(module: ir.Operation) -> list[GraphOp]:
    """The static attentions of a module at the phase `preprocessing`, but those over nothing."""
    found = []
    sources = Sources(module)
    for operation in operations_named(module, (ATTENTION,)):
        workload = read_op(operation)
        if workload is not None and workload.static and 0 not in workload.extents:
            found.append(GraphOp(operation, workload, sources.inputs(operation)))
    return found


def find_products(module: ir.Operation) -> list[GraphOp]:
    """The contractions and convolutions of a module at the end of `global-optimization` that read
    what is known when the program loads. Initializers, which run once, are left out. A dynamic
    extent is assumed (`ir/lengths.py`)."""
    found = []
    sources = Sources(module)
    for function in functions(module, FUNCTIONS[:1]):
        for operation in _structured(walk(function)):
            if len(operation.operands) != 3 or COMPILATION in operation.attributes:
                continue
            inputs = sources.inputs(operation)
            workload = read_op(operation) if CONSTANT in inputs else None
            workload = assumed(workload) if workload else None
            if workload is not None and workload.static and sums_products(workload.root_op):
                found.append(GraphOp(operation, workload, inputs))
    return found


def find_extremes(module: ir.Operation) -> list[GraphOp]:
    """The static ops of a module at the end of `global-optimization` that compute an extreme
    element and its place. Initializers, which run once, are left out."""
    found = []
    sources = Sources(module)
    for function in functions(module, FUNCTIONS[:1]):
        for operation in walk(function):
            if operation.name != "linalg.generic" or len(operation.results) != 2:
                continue
            workload = read_op(operation)
            if workload is not None and workload.static and extreme(workload):
                found.append(GraphOp(operation, workload, sources.inputs(operation)))
    return found


def find_contractions(module: ir.Operation) -> list[GraphOp]:
    """The ops of a module at the end of the phase `global-optimization` that IREE could data-tile.

    What counts is decided as in IREE's DispatchCreation/AnnotateDataTilingHints.cpp: at most one
    batch, m, n and k loop each, the body of a matmul, no lowering chosen yet. Initializers run once
    at load and are left out. A contraction whose loops IREE collapses later on (a 1x1 convolution
    over rows and columns) is not among them: it would lose its hint there. Nor is one that reads
    the result of an attention: IREE would pack that in the attention's dispatch, which could then
    not be scheduled, and an attention has more to gain.
    """
    found = []
    sources = Sources(module)
    for function in functions(module, FUNCTIONS[:1]):
        operations = walk(function)
        attends = any(operation.name == ATTENTION for operation in operations)
        for operation in _structured(operations):
            if not _tileable(operation) or (attends and _reads_attention(operation)):
                continue
            workload = read_op(operation)
            if workload is None or 0 in workload.extents:
                continue
            if sums_products(workload.root_op):
                found.append(GraphOp(operation, workload, sources.inputs(operation)))
    return found


def _reads_attention(operation: ir.Operation) -> bool:
    """Whether an op reads what an attention computed, as it is or reshaped, cast or transposed."""
    waiting = [_definition(value) for value in operation.operands]
    seen = set()
    while waiting:
        found = waiting.pop()
        if found is None or found in seen:
            continue
        seen.add(found)
        if found.name == ATTENTION:
            return True
        if found.name in RESHAPES or _elementwise(found):
            waiting += [_definition(value) for value in found.operands]
    return False


def _elementwise(operation: ir.Operation, inputs: int | None = 1) -> bool:
    """Whether an op computes each element from those of so many tensors, None for any number: of
    one, a cast or a transposition."""
    if not operation.name.startswith("linalg.") or operation.name == "linalg.fill":
        return False
    workload = read_op(operation)
    return (
        workload is not None
        and "reduction" not in workload.root_op.iterators
        and inputs in (None, len(workload.root_op.inputs))
    )


def functions(module: ir.Operation, names: tuple[str, ...] = FUNCTIONS) -> list[ir.Operation]:
    """The functions and initializers of a program (or other symbols), in order."""
    return named(module, *names)


def operations_named(module: ir.Operation, names: tuple[str, ...]) -> list[ir.Operation]:
    """All ops of some names inside of functions, in program order."""
    return [
        operation
        for function in functions(module)
        for operation in walk(function)
        if operation.name in names
    ]


def _structured(operations: Iterable[ir.Operation]) -> Iterator[ir.Operation]:
    for operation in operations:
        if operation.name.startswith("linalg.") and len(operation.results) == 1:
            yield operation


def _tileable(operation: ir.Operation) -> bool:
    if COMPILATION in operation.attributes or "encoding" in str(operation.results[0].type):
        return False
    if not linalg.isa_contraction_op(operation):
        return False
    dims = linalg.infer_contraction_dimensions(operation)
    if dims is None or any(len(group) > 1 for group in (dims.batch, dims.m, dims.n, dims.k)):
        return False
    return bool(len(dims.m) or len(dims.n)) and bool(len(dims.k))


def _definition(value: ir.Value) -> ir.Operation | None:
    """The op that makes a value, None for a block argument."""
    owner = value.owner
    return None if isinstance(owner, ir.Block) else owner.operation
