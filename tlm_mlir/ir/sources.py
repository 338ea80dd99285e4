# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the operands of a program's ops come from, which decides when a change of layout is paid.

What is done to a constant is done once, when the program loads, but for one whose elements are all
equal: IREE fills that anew in every call. What is done to a computed value
can join the dispatch that computes it (DispatchCreation/FuseEncodingOpsIntoDispatchRegions.cpp).
What is stored somewhere (an argument, a variable) takes a dispatch of its own in every call.
"""

from __future__ import annotations

from iree.compiler import ir

from ..iree.module import named, walk
from ..iree.ops import CONSTANT as TENSOR_CONSTANT
from ..iree.ops import FUNCTION, GLOBAL_LOAD, GLOBAL_STORE
from .reader import inputs_of

CONSTANT, COMPUTED, STORED = "constant", "computed", "stored"
OPENING = "opening"
"""What is stored, but read by the first of several convolutions: in which layout that computes, the
others read (`ir.graph.find_convolutions`)."""
CONSTANTS = frozenset(["arith.constant", GLOBAL_LOAD, TENSOR_CONSTANT])
RESHAPES = frozenset(["tensor.expand_shape", "tensor.collapse_shape", "tensor.cast"])


class Sources:
    """Tells the sources of values of one program."""

    def __init__(self, module: ir.Operation) -> None:
        self._variables = _variables(module)
        self._constant: dict[ir.Value, bool] = {}

    def inputs(self, operation: ir.Operation) -> tuple[str, ...]:
        """The source of each input of a structured op, in the order of its workload's inputs."""
        return tuple(self.of(value) for value in inputs_of(operation))

    def of(self, value: ir.Value) -> str:
        """CONSTANT, COMPUTED or STORED."""
        owner = value.owner
        # Padding joins what computes the padded value.
        through = RESHAPES | {"tensor.pad"}
        while not isinstance(owner, ir.Block) and owner.operation.name in through:
            owner = owner.operation.operands[0].owner
        if is_constant(value, self._constant, self._variables):
            return STORED if _splat(owner) else CONSTANT
        if isinstance(owner, ir.Block) or not owner.operation.name.startswith("linalg."):
            return STORED
        return COMPUTED


def is_constant(
    value: ir.Value, seen: dict[ir.Value, bool], variables: frozenset[str] = frozenset()
) -> bool:
    """Whether a value is made of constants and globals only; `seen` keeps the answers.

    A load of a global among `variables` is no constant. The walk has a stack of its own: in a deep
    network a chain of ops exceeds Python's recursion limit.
    """
    stack = [value]
    while stack:
        current = stack[-1]
        owner = current.owner
        if current in seen:
            stack.pop()
        elif isinstance(owner, ir.Block):
            seen[current] = False
        else:
            operation = owner.operation
            inputs = [*operation.operands, *_captured(operation)]
            waiting = [operand for operand in inputs if operand not in seen]
            if waiting:
                stack += waiting
                continue
            made = operation.name in CONSTANTS or operation.name == "tensor.empty"
            made = made and not (variables and _global(operation) in variables)
            seen[current] = all(seen[operand] for operand in inputs) if inputs else made
    return seen[value]


def _splat(owner: ir.Operation | ir.Block) -> bool:
    """Whether an op makes a constant whose elements are all equal."""
    if isinstance(owner, ir.Block) or "value" not in owner.operation.attributes:
        return False
    value = owner.operation.attributes["value"]
    return isinstance(value, ir.DenseElementsAttr) and bool(value.is_splat)


def _variables(module: ir.Operation) -> frozenset[str]:
    """Names of the globals that the program's functions store to."""
    return frozenset(
        _global(operation)
        for function in named(module, FUNCTION)
        for operation in walk(function)
        if operation.name == GLOBAL_STORE
    )


def _global(operation: ir.Operation) -> str:
    """Name of the global that an op loads or stores, empty for any other op."""
    if operation.name not in (GLOBAL_LOAD, GLOBAL_STORE):
        return ""
    return ir.FlatSymbolRefAttr(operation.attributes["global"]).value


def _captured(operation: ir.Operation) -> list[ir.Value]:
    """Values from outside that are used inside of an op's regions."""
    if not len(operation.regions):
        return []
    inside = walk(operation)
    made = {result for inner in inside for result in inner.results}
    for inner in inside:
        for region in inner.regions:
            made |= {argument for block in region.blocks for argument in block.arguments}
    return [value for inner in inside for value in inner.operands if value not in made]
