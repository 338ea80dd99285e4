# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ops over nothing, such as a matmul whose reduction has no steps.

IREE forms a dispatch of an op whose result has elements and divides by its number of steps
(DispatchCreation's and Flow's AnnotateDispatches.cpp, `summarizeDispatchRegion`), which ends the
process.
"""

from __future__ import annotations

from iree.compiler import ir

from ..errors import CompileError
from .locations import location
from .module import walk
from .ops import LINALG_EXT, SCAN, SCATTER, TOPK

_LINALG = "linalg."
_KEEPING = (SCATTER, SCAN, TOPK)
"""Ops of IREE whose results without a step are what they start from."""


def fold_empty(module: ir.Operation) -> None:
    """Replaces ops over nothing by what their results start from.

    Before: a module at the end of `preprocessing`, with
      `%r = linalg.matmul ins(%a, %b : tensor<5x0xf32>, tensor<0x7xf32>) outs(%c : ...)`.
    After: `%c` stands for `%r`.

    Raises CompileError for an op over nothing whose result is none of its operands.
    """
    for operation in walk(module):
        if _over_nothing(operation):
            _fold(operation)


def _over_nothing(operation: ir.Operation) -> bool:
    """Whether a structured op reads a tensor without elements and gives one that has some."""
    if not operation.name.startswith((_LINALG, LINALG_EXT)):
        return False
    inputs = list(operation.operands)[: -len(operation.results)]
    return any(map(_empty, inputs)) and not all(map(_empty, operation.results))


def _fold(operation: ir.Operation) -> None:
    starts = list(operation.operands)[-len(operation.results) :]
    linalg = operation.name.startswith(_LINALG) and any(r.blocks for r in operation.regions)
    if not linalg and operation.name not in _KEEPING:
        raise CompileError(
            f"IREE cannot compile {operation.name} over an empty tensor at"
            f" {location(operation) or 'an unknown place'}; leave it out where its input is empty"
        )
    for result, start in zip(operation.results, starts, strict=True):
        result.replace_all_uses_with(start)
    operation.erase()


def _empty(value: ir.Value) -> bool:
    return isinstance(value.type, ir.RankedTensorType) and 0 in value.type.shape
