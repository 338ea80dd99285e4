# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graph-level decisions, put into a program op by op before dispatches are formed.

Layouts (im2col) are a transform script that runs at the end of the phase `preprocessing`, here or
in stock `iree-compile --iree-preprocessing-transform-spec-filename=F`. Tiling is a hint on the op
at the end of `global-optimization`, which IREE heeds under `TILING_FLAG`.
"""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir
from iree.compiler.dialects import transform
from iree.compiler.dialects.transform import interpreter, structured

from ..errors import InputError
from ..ir.graph import (
    FUNCTIONS,
    GraphOp,
    find_contractions,
    find_convolutions,
    functions,
    operations_named,
)
from ..targets.llvm_cpu_graph import IM2COL, LEAVE, TILED, options

LAYOUTS = "preprocessing"
"""The phase after which layouts are chosen."""
TILING = "global-optimization"
"""The phase after which contractions are chosen to be tiled."""
TILING_FLAG = "--iree-opt-data-tiling"
HINT = "iree.opt.data_tiling"
ENTRY = "__transform_main"
IM2COL_PASS = "iree-global-opt-convert-conv2d-to-img2col"
REWRITTEN = (
    "linalg.conv_2d_nchw_fchw",
    "linalg.conv_2d_nhwc_hwcf",
    "linalg.depthwise_conv_2d_nhwc_hwc",
)
"""Every op that IREE's im2col pass rewrites (GlobalOptimization/ConvertConv2DToImg2Col.cpp)."""
HIDDEN = "tlm.hidden"


def apply_layouts(
    module: ir.Operation, choices: Sequence[str], ops: Sequence[GraphOp] | None = None
) -> None:
    """Rewrites the chosen convolutions of a module at the end of `preprocessing`.

    `choices` are tokens in the order of `find_convolutions(module)`, which may be given as `ops`.
    Others are left exactly as they are. Raises InputError for a choice that its op does not allow.
    """
    script = layout_script(module, choices, ops)
    if IM2COL in choices:
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
    _check(ops, choices)
    with module.context:
        hint = ir.UnitAttr.get()
    for function in functions(module):
        function.attributes[HINT] = hint
    for op, choice in zip(ops, choices, strict=True):
        if choice == TILED:
            op.operation.attributes[HINT] = hint


def _check(ops: Sequence[GraphOp], choices: Sequence[str]) -> None:
    if len(ops) != len(choices):
        raise InputError(f"{len(choices)} choices for {len(ops)} ops; give one for each op")
    for op, choice in zip(ops, choices, strict=True):
        if choice not in options(op.workload):
            raise InputError(f"{op.operation.name} does not allow '{choice}'; leave it to IREE")


def layout_script(
    module: ir.Operation, choices: Sequence[str], ops: Sequence[GraphOp] | None = None
) -> ir.Module:
    """The script that makes the layout choices of one program, as a verified `ir.Module`.

    It takes the program's convolutions by their place and fails on a program with another number of
    them. IREE's pass rewrites whole functions, so the convolutions that are to stay are generalized
    while it runs, and get back their name and attributes afterwards.
    """
    ops = find_convolutions(module) if ops is None else ops
    _check(ops, choices)
    wanted = [op.operation for op, choice in zip(ops, choices, strict=True) if choice == IM2COL]
    present = operations_named(module, REWRITTEN)
    with module.context as context, ir.Location.unknown(context):
        script = ir.Module.create()
        script.operation.attributes["transform.with_named_sequence"] = ir.UnitAttr.get()
        with ir.InsertionPoint(script.body):
            any_op = transform.AnyOpType.get()
            readonly = [{"transform.readonly": ir.UnitAttr.get()}]
            entry = transform.NamedSequenceOp(ENTRY, [any_op], [], arg_attrs=readonly)
            with ir.InsertionPoint(entry.body):
                if wanted:
                    kept = [op if op not in wanted else None for op in present]
                    _rewrite(entry.bodyTarget, kept)
                transform.YieldOp([])
        script.operation.verify()
    return script


def _rewrite(program: ir.Value, kept: Sequence[ir.Operation | None]) -> None:
    """Im2col for the convolutions that `kept`, one place for each, does not hold."""
    any_op = transform.AnyOpType.get()
    found = structured.MatchOp(any_op, program, ops=list(REWRITTEN)).result
    # An empty handle would pass for "nothing to do" in a program without convolutions.
    strict = ir.BoolAttr.get(False)
    handles = transform.SplitHandleOp(
        [any_op] * len(kept), found, pass_through_empty_handle=strict
    ).results
    for handle, operation in zip(handles, kept, strict=True):
        if operation is not None:
            generic = structured.GeneralizeOp(handle).transformed
            transform.AnnotateOp(generic, HIDDEN)
    for name in FUNCTIONS:
        function = structured.MatchOp(any_op, program, ops=[name]).result
        transform.ApplyRegisteredPassOp(any_op, function, IM2COL_PASS)
    left = [operation for operation in kept if operation is not None]
    if not left:
        return
    hidden = structured.MatchOp(
        any_op, program, ops=["linalg.generic"], op_attrs={HIDDEN: ir.UnitAttr.get()}
    ).result
    named = structured.SpecializeOp(any_op, hidden).result
    for handle, operation in zip(
        transform.SplitHandleOp([any_op] * len(left), named).results, left, strict=True
    ):
        _restore(handle, operation)


def _restore(handle: ir.Value, operation: ir.Operation) -> None:
    """Gives an op the attributes that it had."""
    for name, attribute in _attributes(operation).items():
        if name == "operandSegmentSizes" or name.startswith("linalg.memoized"):
            continue
        if isinstance(attribute, ir.UnitAttr):
            transform.AnnotateOp(handle, name)
            continue
        parameter = transform.ParamConstantOp(transform.AnyParamType.get(), attribute).result
        transform.AnnotateOp(handle, name, param=parameter)


def _attributes(operation: ir.Operation) -> dict[str, ir.Attribute]:
    return {name: operation.attributes[name] for name in operation.attributes}


__all__ = [
    "LAYOUTS",
    "LEAVE",
    "TILING",
    "TILING_FLAG",
    "apply_layouts",
    "apply_tiling",
    "find_contractions",
    "find_convolutions",
    "layout_script",
]
