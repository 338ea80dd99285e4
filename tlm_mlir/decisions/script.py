# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scripts: schedules as a transform-dialect library.

A script has one named sequence per scheduled dispatch and the entry `@__kernel_config`, which IREE
runs on every dispatch function when the library is given with
`--iree-codegen-transform-dialect-library`. A sequence finds its function by name, so it does
nothing elsewhere; inside, it expects exactly the structured ops that the schedule was written for,
and fails loudly on a function of the same name with other ops. What is done to functions and ops
are sequences of `passes/`, which the script includes and holds copies of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iree.compiler import ir
from iree.compiler.dialects import transform
from iree.compiler.dialects.transform import structured

from ..errors import InputError
from ..iree import library
from ..iree.attributes import DECOMPOSITION, FEWEST_RESIDENT, LOWERING, TRANSLATION
from ..iree.module import SYMBOL, block, body, find, walk
from ..targets import registry
from ..targets.backend import Configuration
from ..targets.target import Target
from .script_header import Origin, ScheduledDispatch, write_header, write_sequence

ENTRY = "__kernel_config"
NOWHERE = Origin()
SETTERS = {
    LOWERING: "annotate_op",
    DECOMPOSITION: "annotate_products",
    TRANSLATION: "annotate_function",
    FEWEST_RESIDENT: "annotate_residents",
}
"""Which sequence of `passes/configure/` sets an attribute."""


def empty_script() -> ir.Module:
    """A module of the current context that named sequences can be put into."""
    # Loads the dialect: the bindings crash on its ops in a context that has not used it yet.
    ir.Context.current.dialects["transform"]
    module = ir.Module.create()
    module.operation.attributes["transform.with_named_sequence"] = ir.UnitAttr.get()
    return module


def build_script(
    dispatches: Sequence[ScheduledDispatch],
    target: Target,
    context: ir.Context,
    origin: Origin = NOWHERE,
) -> ir.Module:
    """The script for some dispatches as a verified module in `context`, which says what it is for.

    Dispatches that a schedule leaves to IREE have no sequence.
    """
    chosen = [
        (dispatch, dispatch.configuration(target))
        for dispatch in dispatches
        if not dispatch.schedule.is_default
    ]
    with context, ir.Location.unknown(context):
        module = empty_script()
        write_header(module, target, origin)
        with ir.InsertionPoint(module.body):
            for number, (dispatch, configuration) in enumerate(chosen):
                sequence = _sequence(f"schedule_{number}", dispatch, configuration)
                write_sequence(sequence, dispatch, target)
            _entry(chosen, target)
        library.complete(module)
        module.operation.verify()
    return module


def _entry(chosen: Sequence[tuple[ScheduledDispatch, Configuration]], target: Target) -> None:
    """`@__kernel_config`: normalize functions as IREE does after this point, then try each.

    Dispatches to restructure come last: what rewrites a function consumes its handle, which the
    others still need.
    """
    any_op = transform.AnyOpType.get()
    batches: dict[str, dict[str, str]] = {"": {}}
    for number, (dispatch, configuration) in enumerate(chosen):
        batches.setdefault(configuration.before, {})[f"schedule_{number}"] = dispatch.name
    entry = transform.NamedSequenceOp(
        ENTRY, [any_op], [], arg_attrs=[_argument("transform.consumed")]
    )
    with ir.InsertionPoint(entry.body):
        function = entry.bodyTarget
        for name in registry.backend(target).entry:
            function = _rewritten(function, name)
        # Before any is consumed: a handle to a function is lost with it.
        found = {
            needed: transform.MergeHandlesOp([_find(function, name) for name in names.values()])
            for needed, names in batches.items()
            if needed
        }
        for needed, names in batches.items():
            if not needed:
                _try(names, function)
                continue
            # None or one: a sequence wants a handle to something.
            each = transform.ForeachOp([], [_rewritten(found[needed].result, needed)])
            inside = block(each)
            with ir.InsertionPoint(inside):
                _try(names, inside.arguments[0])
                transform.YieldOp([])
        transform.YieldOp([])


def _try(names: Iterable[str], function: ir.Value) -> None:
    """Includes the sequences of dispatches, each of which looks whether the function is its own."""
    for name in names:
        include(name, function)


def _rewritten(functions: ir.Value, name: str) -> ir.Value:
    """Handles to functions that a sequence of `passes/restructure/` has rewritten."""
    return include(name, functions, results=[transform.AnyOpType.get()])[0]


def include(
    name: str, *operands: ir.Value, results: Sequence[ir.Type] = ()
) -> Sequence[ir.Value]:
    """Includes a sequence by name; a failure in it is one of the script."""
    callee = ir.FlatSymbolRefAttr.get(name)
    mode = transform.FailurePropagationMode.Propagate
    found: Sequence[ir.Value] = transform.IncludeOp(
        list(results), callee, mode, list(operands)
    ).results
    return found


def _sequence(
    name: str, dispatch: ScheduledDispatch, configuration: Configuration
) -> ir.Operation:
    """One dispatch's sequence: find the function, take its ops apart, annotate each."""
    any_op = transform.AnyOpType.get()
    sequence = transform.NamedSequenceOp(
        name, [any_op], [], arg_attrs=[_argument("transform.readonly")]
    )
    with ir.InsertionPoint(sequence.body):
        each = transform.ForeachOp([], [_find(sequence.bodyTarget, dispatch.name)])
        inside = block(each)
        with ir.InsertionPoint(inside):
            _configure(inside.arguments[0], dispatch, configuration)
            transform.YieldOp([])
        transform.YieldOp([])
    return sequence.operation


def _find(function: ir.Value, name: str) -> ir.Value:
    """A handle to the function if it has this name, else to nothing."""
    found = structured.MatchOp(
        transform.AnyOpType.get(),
        function,
        ops=["func.func"],
        op_attrs={SYMBOL: ir.StringAttr.get(name)},
    )
    return found.result


def _configure(
    function: ir.Value, dispatch: ScheduledDispatch, configuration: Configuration
) -> None:
    any_op = transform.AnyOpType.get()
    handle = structured.MatchOp(any_op, function, ops=list(dict.fromkeys(dispatch.ops))).result
    # Split even a single op: the count is what tells a function of the same name from another.
    handles = transform.SplitHandleOp([any_op] * len(dispatch.ops), handle).results
    found = (*configuration.ops, configuration.function)
    for operation, attributes in zip((*handles, function), found, strict=True):
        for name, text in attributes.items():
            _set(operation, name, text)


def _set(handle: ir.Value, name: str, attribute: str) -> None:
    parameter = transform.ParamConstantOp(
        transform.AnyParamType.get(), ir.Attribute.parse(attribute)
    ).result
    include(SETTERS[name], handle, parameter)


def _argument(effect: str) -> dict[str, ir.Attribute]:
    return {effect: ir.UnitAttr.get()}


def find_entry(script: ir.Module) -> ir.Operation:
    """The sequence `@__kernel_config` of a script. Raises InputError when it has none."""
    entry = find(body(script.operation), ENTRY)
    if entry is not None:
        return entry
    raise InputError(f"the script holds no sequence @{ENTRY}; write it anew")


def scheduled_names(script: ir.Module) -> set[str]:
    """The names of the functions that a script has schedules for."""
    return {
        ir.StringAttr(attributes[SYMBOL]).value
        for operation in walk(script.operation)
        if operation.name == structured.MatchOp.OPERATION_NAME
        and "op_attrs" in operation.attributes
        and SYMBOL in (attributes := ir.DictAttr(operation.attributes["op_attrs"]))
    }
