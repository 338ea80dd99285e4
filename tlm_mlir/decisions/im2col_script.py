# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The script by which IREE makes matmuls of some of a program's convolutions (im2col).

It runs at the end of the phase `preprocessing`, here or in stock `iree-compile
--iree-preprocessing-transform-spec-filename=F`.
"""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir
from iree.compiler.dialects import transform
from iree.compiler.dialects.transform import structured

from ..ir.graph import operations_named
from ..iree import library
from .script import empty_script, include

ENTRY = "__transform_main"
IM2COL = "graph:im2col"
REWRITTEN = (
    "linalg.conv_2d_nchw_fchw",
    "linalg.conv_2d_nhwc_hwcf",
    "linalg.depthwise_conv_2d_nhwc_hwc",
)
"""Every op that IREE's im2col pass rewrites (GlobalOptimization/ConvertConv2DToImg2Col.cpp)."""


def im2col_script(module: ir.Operation, chosen: Sequence[ir.Operation]) -> ir.Module:
    """The script that has IREE make matmuls of some convolutions of a program, as a verified
    `ir.Module`.

    It fails on a program with another number of convolutions. IREE's pass rewrites whole functions,
    so the convolutions that are to stay are generalized while it runs, and get back their name and
    attributes afterwards.
    """
    present = operations_named(module, REWRITTEN)
    kept = [place for place, operation in enumerate(present) if operation not in chosen]
    with module.context as context, ir.Location.unknown(context):
        script = empty_script()
        with ir.InsertionPoint(script.body):
            any_op = transform.AnyOpType.get()
            readonly = [{"transform.readonly": ir.UnitAttr.get()}]
            entry = transform.NamedSequenceOp(ENTRY, [any_op], [], arg_attrs=readonly)
            with ir.InsertionPoint(entry.body):
                _rewrite(entry.bodyTarget, present, kept)
                transform.YieldOp([])
        library.complete(script)
        script.operation.verify()
    return script


def _rewrite(program: ir.Value, present: Sequence[ir.Operation], kept: Sequence[int]) -> None:
    """Rewrites all of a program's convolutions (`present`) but those at the places kept."""
    any_op = transform.AnyOpType.get()
    found = structured.MatchOp(any_op, program, ops=list(REWRITTEN)).result
    # An empty handle would pass for "nothing to do" in a program without convolutions.
    strict = ir.BoolAttr.get(False)
    handles = transform.SplitHandleOp(
        [any_op] * len(present), found, pass_through_empty_handle=strict
    ).results
    for place in kept:
        include("hide_convolutions", handles[place])
    include("im2col", program)
    if not kept:
        return
    (named,) = include("show_convolutions", program, results=[any_op])
    shown = transform.SplitHandleOp([any_op] * len(kept), named).results
    for handle, place in zip(shown, kept, strict=True):
        _restore(handle, present[place])


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
