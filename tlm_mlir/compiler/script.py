# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scripts: schedules as a transform-dialect library.

A script has one named sequence per scheduled dispatch and the entry `@__kernel_config`, which IREE
runs on every dispatch function when the library is given with
`--iree-codegen-transform-dialect-library`. A sequence finds its function by name, so it does
nothing elsewhere; inside, it expects exactly the structured ops that the schedule was written for,
and fails loudly on a function of the same name with other ops.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import transform
from iree.compiler.dialects.transform import structured

from ..errors import InputError
from ..ir.workload import Workload
from ..iree.module import SYMBOL, block, body, find
from ..language.schedule import Schedule
from ..targets import registry
from ..targets.backend import Configuration
from ..targets.target import Target

ENTRY = "__kernel_config"
ALLOWED_OPS = frozenset(
    ["builtin.module", "transform.named_sequence", "transform.yield", "transform.include"]
    + ["transform.foreach", "transform.structured.match", "transform.split_handle"]
    + ["transform.param.constant", "transform.annotate", "transform.apply_registered_pass"]
    + ["transform.merge_handles"]
)
"""Ops that a script may hold; a transform script can otherwise run any registered pass."""


@dataclass(frozen=True)
class ScheduledDispatch:
    """One dispatch and its schedule. `ops` are the names of its structured ops in program order."""

    name: str
    workload: Workload
    ops: tuple[str, ...]
    schedule: Schedule

    def configuration(self, target: Target) -> Configuration:
        """What the schedule becomes in the IR."""
        return registry.task(self.workload, target).configuration(self.schedule)


def empty_script() -> ir.Module:
    """A module of the current context that named sequences can be put into."""
    # Loads the dialect: the bindings crash on its ops in a context that has not used it yet.
    ir.Context.current.dialects["transform"]
    module = ir.Module.create()
    module.operation.attributes["transform.with_named_sequence"] = ir.UnitAttr.get()
    return module


def build_script(dispatches: Sequence[ScheduledDispatch], target: Target, context: ir.Context):  # type: ignore[no-untyped-def]
    """The script for some dispatches as a verified `ir.Module` in `context`.

    Dispatches that a schedule leaves to IREE have no sequence.
    """
    chosen = [
        (dispatch, dispatch.configuration(target))
        for dispatch in dispatches
        if not dispatch.schedule.is_default
    ]
    with context, ir.Location.unknown(context):
        module = empty_script()
        with ir.InsertionPoint(module.body):
            for number, (dispatch, configuration) in enumerate(chosen):
                _sequence(f"schedule_{number}", dispatch, configuration)
            _entry(chosen, target)
        module.operation.verify()
    return module


def _entry(chosen: Sequence[tuple[ScheduledDispatch, Configuration]], target: Target) -> None:
    """`@__kernel_config`: normalize functions as IREE does after this point, then try each.

    Dispatches to restructure come last: a pass consumes the handle of its function, which the
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
        for name in registry.backend(target).entry_passes:
            function = transform.ApplyRegisteredPassOp(any_op, function, name).result
        # Before any is consumed: a handle to a function is lost with it.
        found = {
            needed: transform.MergeHandlesOp([_find(function, name) for name in names.values()])
            for needed, names in batches.items()
            if needed
        }
        for needed, names in batches.items():
            if not needed:
                _include(names, function)
                continue
            some = transform.ApplyRegisteredPassOp(any_op, found[needed].result, needed).result
            # None or one: a sequence wants a handle to something.
            each = transform.ForeachOp([], [some])
            inside = block(each)
            with ir.InsertionPoint(inside):
                _include(names, inside.arguments[0])
                transform.YieldOp([])
        transform.YieldOp([])


def _include(names: Iterable[str], function: ir.Value) -> None:
    for name in names:
        callee = ir.FlatSymbolRefAttr.get(name)
        transform.IncludeOp([], callee, transform.FailurePropagationMode.Propagate, [function])


def _sequence(name: str, dispatch: ScheduledDispatch, configuration: Configuration) -> None:
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
            _annotate(operation, name, text)


def _annotate(handle: ir.Value, name: str, attribute: str) -> None:
    parameter = transform.ParamConstantOp(
        transform.AnyParamType.get(), ir.Attribute.parse(attribute)
    ).result
    transform.AnnotateOp(handle, name, param=parameter)


def _argument(effect: str) -> dict[str, ir.Attribute]:
    return {effect: ir.UnitAttr.get()}


def check_script(module: ir.Operation) -> None:
    """Raises InputError when a script holds an op or a pass outside of what scripts are made of."""
    refusals: list[str] = []

    def visit(operation: ir.Operation) -> ir.WalkResult:
        # Not raised here: MLIR's walk would turn our error into one of its own.
        refusals.extend(_refusal(operation))
        return ir.WalkResult.INTERRUPT if refusals else ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    if refusals:
        raise InputError(refusals[0])


def find_entry(script: ir.Module) -> ir.Operation:
    """The sequence `@__kernel_config` of a script. Raises InputError when it has none."""
    entry = find(body(script.operation), ENTRY)
    if entry is not None:
        return entry
    raise InputError(f"the script holds no sequence @{ENTRY}; write it anew")


def _refusal(operation: ir.Operation) -> list[str]:
    if operation.name not in ALLOWED_OPS:
        name = operation.name
        return [f"the script holds {name}, which schedules are not made of; write it anew"]
    if operation.name == "transform.apply_registered_pass":
        name = ir.StringAttr(operation.attributes["pass_name"]).value
        allowed = sorted(registry.passes())
        if name not in allowed:
            return [f"the script runs the pass {name}; only {' and '.join(allowed)} may run"]
    return []
