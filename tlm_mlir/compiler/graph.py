# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graph-level decisions, put into a program op by op before dispatches are formed.

Layouts are a transform script (`compiler/layouts.py`) that runs at the end of the phase
`preprocessing`. Tiling is a hint on the op at the end of `global-optimization`, which IREE heeds
under `TILING_FLAG`.
"""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir
from iree.compiler.dialects.transform import interpreter

from ..ir.graph import GraphOp, find_contractions, functions
from ..iree.attributes import DATA_TILING_HINT
from ..iree.flags import DATA_TILING
from ..iree.phases import GLOBAL_OPTIMIZATION, PREPROCESSING
from ..language.schedule import LEAVE
from ..targets.llvm_cpu_graph import TILED
from .layouts import check, layout_script

LAYOUTS = PREPROCESSING
"""The phase after which layouts are chosen."""
TILING = GLOBAL_OPTIMIZATION
"""The phase after which contractions are chosen to be tiled."""
TILING_FLAG = DATA_TILING
HINT = DATA_TILING_HINT


def apply_layouts(
    module: ir.Operation, choices: Sequence[str], ops: Sequence[GraphOp] | None = None
) -> None:
    """Rewrites the chosen convolutions of a module at the end of `preprocessing`.

    `choices` are tokens in the order of `find_convolutions(module)`, which may be given as `ops`.
    Others are left exactly as they are. Raises InputError for a choice that its op does not allow.
    """
    script = layout_script(module, choices, ops)
    if set(choices) - {LEAVE}:
        entry = script.body.operations[0].operation
        interpreter.apply_named_sequence(module, entry, script.operation)


def apply_tiling(
    module: ir.Operation, choices: Sequence[str], ops: Sequence[GraphOp] | None = None
) -> None:
    """Hints which contractions IREE is to tile, in a module at the end of `global-optimization`.

    `choices` are tokens in the order of `find_contractions(module)`, which may be given as `ops`.
    The session needs `TILING_FLAG` from here on. Every function carries a hint as well, since IREE
    tiles whatever it can in a function without one. Raises InputError for a choice that its op does
    not allow.
    """
    ops = find_contractions(module) if ops is None else ops
    check(ops, choices)
    with module.context:
        hint = ir.UnitAttr.get()
    for function in functions(module):
        function.attributes[HINT] = hint
    for op, choice in zip(ops, choices, strict=True):
        if choice == TILED:
            op.operation.attributes[HINT] = hint
