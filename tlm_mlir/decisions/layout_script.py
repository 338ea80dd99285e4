# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The script that makes the layout choices of a program's convolutions.

It runs at the end of the phase `preprocessing`, here or in stock `iree-compile
--iree-preprocessing-transform-spec-filename=F`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iree.compiler import ir
from iree.compiler.dialects import transform
from iree.compiler.dialects.transform import structured

from ..ir.graph import operations_named
from ..iree import library
from ..language.schedule import LEAVE
from .script import empty_script, include

ENTRY = "__transform_main"
IM2COL, LAST = "graph:im2col", "graph:channels-last"
REWRITTEN = (
    "linalg.conv_2d_nchw_fchw",
    "linalg.conv_2d_nhwc_hwcf",
    "linalg.depthwise_conv_2d_nhwc_hwc",
)
"""Every op that IREE's im2col pass rewrites (GlobalOptimization/ConvertConv2DToImg2Col.cpp)."""


def layout_script(module: ir.Operation, choices: Mapping[ir.Operation, str]) -> ir.Module:
    """The script that gives some convolutions of a program the layout that was chosen for each, as
    a verified `ir.Module`.

    It takes the program's convolutions by their place and fails on a program with another number of
    them. IREE's pass for im2col rewrites whole functions, so the convolutions that are to stay are
    generalized while it runs, and get back their name and attributes afterwards.
    """
    present = operations_named(module, REWRITTEN)
    with module.context as context, ir.Location.unknown(context):
        script = empty_script()
        with ir.InsertionPoint(script.body):
            any_op = transform.AnyOpType.get()
            readonly = [{"transform.readonly": ir.UnitAttr.get()}]
            entry = transform.NamedSequenceOp(ENTRY, [any_op], [], arg_attrs=readonly)
            with ir.InsertionPoint(entry.body):
                if choices:
                    _rewrite(entry.bodyTarget, present, [choices.get(op, LEAVE) for op in present])
                transform.YieldOp([])
        library.complete(script)
        script.operation.verify()
    return script


def _rewrite(program: ir.Value, present: Sequence[ir.Operation], choices: Sequence[str]) -> None:
    """Rewrites a program's convolutions, of which `present` are all, as chosen for each."""
    any_op = transform.AnyOpType.get()
    found = structured.MatchOp(any_op, program, ops=list(REWRITTEN)).result
    # An empty handle would pass for "nothing to do" in a program without convolutions.
    strict = ir.BoolAttr.get(False)
    handles = transform.SplitHandleOp(
        [any_op] * len(present), found, pass_through_empty_handle=strict
    ).results
    left = []
    for handle, operation, choice in zip(handles, present, choices, strict=True):
        if choice == LAST:
            include("channels_last", handle)
        elif choice == LEAVE:
            left.append((handle, operation))
    if IM2COL in choices:
        _im2col(program, left)


def _im2col(program: ir.Value, kept: Sequence[tuple[ir.Value, ir.Operation]]) -> None:
    """IREE's im2col for all of a program's convolutions but those kept."""
    for handle, _ in kept:
        include("hide_convolutions", handle)
    include("im2col", program)
    if not kept:
        return
    any_op = transform.AnyOpType.get()
    (named,) = include("show_convolutions", program, results=[any_op])
    handles = transform.SplitHandleOp([any_op] * len(kept), named).results
    for handle, (_, operation) in zip(handles, kept, strict=True):
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
