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

from ..ir.graph import FUNCTIONS, operations_named
from ..iree import passes
from ..language.schedule import LEAVE
from .script import empty_script

ENTRY = "__transform_main"
IM2COL, LAST = "graph:im2col", "graph:channels-last"
IM2COL_PASS = passes.IM2COL
REWRITTEN = (
    "linalg.conv_2d_nchw_fchw",
    "linalg.conv_2d_nhwc_hwcf",
    "linalg.depthwise_conv_2d_nhwc_hwc",
)
"""Every op that IREE's im2col pass rewrites (GlobalOptimization/ConvertConv2DToImg2Col.cpp)."""
HIDDEN = "tlm.hidden"


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
            _channels_last(handle, operation)
        elif choice == LEAVE:
            left.append((handle, operation))
    if IM2COL in choices:
        _im2col(program, left)


def _channels_last(handle: ir.Value, operation: ir.Operation) -> None:
    """Gives an NCHW convolution NHWC operands and an HWCF filter, transposed before and after.

    IREE's own pass (Preprocessing/Common/ConvertConvToChannelsLast.cpp) takes whole functions, and
    generalized convolutions as well. It packs the channels whole, and so does this, op by op; IREE
    folds the unit dims, and moves the transpositions or makes them at load.
    """
    out_channels, in_channels = ir.RankedTensorType(operation.operands[1].type).shape[:2]
    generic = structured.GeneralizeOp(handle).transformed
    # From n, f, h, w, c and the window: packing appends dims in the order of the loops.
    ordered = structured.InterchangeOp(generic, iterator_interchange=[0, 4, 2, 3, 5, 6, 1])
    sizes = [0, in_channels, 0, 0, 0, 0, out_channels]
    packed = structured.PackOp(
        _named("linalg.generic"), ordered.transformed, [], static_packed_sizes=sizes
    ).packed_op
    # The unit loops that are left of f and c where they were, the packed ones before and after
    # the window's.
    convolution = structured.InterchangeOp(
        packed, iterator_interchange=[0, 6, 1, 2, 3, 8, 4, 5, 7]
    ).transformed
    for operand in range(3):
        pack = transform.GetProducerOfOperand(_named("linalg.pack"), convolution, operand)
        made = map(_named, ("tensor.pad", "tensor.expand_shape", "linalg.transpose"))
        structured.LowerPackOp(*made, pack.producer)
    unpack = transform.GetConsumersOfResult(_named("linalg.unpack"), convolution, 0)
    names = ("tensor.empty", "linalg.transpose", "tensor.collapse_shape", "tensor.extract_slice")
    structured.LowerUnPackOp(*map(_named, (*names, "linalg.copy")), unpack.consumers)


def _named(name: str) -> ir.Type:
    return transform.OperationType.get(name)


def _im2col(program: ir.Value, kept: Sequence[tuple[ir.Value, ir.Operation]]) -> None:
    """IREE's im2col for all of a program's convolutions but those kept."""
    any_op = transform.AnyOpType.get()
    for handle, _ in kept:
        transform.AnnotateOp(structured.GeneralizeOp(handle).transformed, HIDDEN)
    for name in FUNCTIONS:
        function = structured.MatchOp(any_op, program, ops=[name]).result
        transform.ApplyRegisteredPassOp(any_op, function, IM2COL_PASS)
    if not kept:
        return
    hidden = structured.MatchOp(
        any_op, program, ops=["linalg.generic"], op_attrs={HIDDEN: ir.UnitAttr.get()}
    ).result
    named = structured.SpecializeOp(any_op, hidden).result
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
