# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A dispatch's interface: its bindings and its workgroup counts, read from IREE's IR.

In a whole model the operands of a dispatch are slices of shared buffers, at offsets that the host
passes as constants. To measure a dispatch alone, `isolate` gives every operand a binding of its own
at offset zero; the computation stays the same.
"""

import math
import re
from dataclasses import dataclass

from iree.compiler import ir

from tlm_mlir.errors import MeasureError
from tlm_mlir.iree.attributes import binding_layout
from tlm_mlir.iree.executables import FUNCTION
from tlm_mlir.iree.module import block, body, walk
from tlm_mlir.iree.ops import ASSUME_INT, CONSTANT_LOAD, EXPORT, GATHER, SCATTER, SUBSPAN

_TENSOR = re.compile(
    r"^!iree_tensor_ext\.dispatch\.tensor<(readonly|writeonly|readwrite):tensor<([^<>,]+)>>$"
)
_BITS = re.compile(r"^(?:f|bf|i|si|ui)(\d+)(?:E\w+)?$")
# Ops that read values chosen by an index operand: their integer inputs must stay in range.
_INDEXED_OPS = ("tensor.extract", GATHER, SCATTER)
_ADDRESS_OPS = (ASSUME_INT, "arith.", CONSTANT_LOAD)


@dataclass(frozen=True)
class Binding:
    """One operand of a dispatch: a dense row-major tensor in a buffer of its own.

    `access` is readonly, writeonly or readwrite; `element_type` is MLIR's name (f32, bf16, i8);
    `nbytes` is the buffer's size in bytes (i1 takes a byte, i4 half of one).
    """

    index: int
    access: str
    element_type: str
    shape: tuple[int, ...]
    nbytes: int


def single(operation: ir.Operation, name: str) -> ir.Operation:
    """The one op called `name` in `operation`.

    Raises:
      MeasureError: there is none, or more than one.
    """
    found = [child for child in walk(operation) if child.name == name]
    if len(found) != 1:
        raise MeasureError(
            f"the source holds {len(found)} ops {name}; give a module with exactly one"
            " hal.executable with one variant, one export and one function"
        )
    return found[0]


def isolate(executable: ir.Operation) -> tuple[Binding, ...]:
    """Gives every operand of the dispatch its own binding at offset zero, in place.

    before: %a = subspan binding(0) offset(%o0), %b = subspan binding(0) offset(%c64)
    after:  %a = subspan binding(0) offset(%c0), %b = subspan binding(1) offset(%c0)

    Returns:
      The bindings, in the order of their new numbers.

    Raises:
      MeasureError: the dispatch has dynamic shapes, or operands that are not dense tensors.
    """
    function = single(executable, FUNCTION)
    subspans = [op for op in walk(function) if op.name == SUBSPAN]
    bindings = tuple(_binding(index, op) for index, op in enumerate(subspans))
    context = executable.context
    read_only = [binding.access == "readonly" for binding in bindings]
    with context, ir.Location.unknown(context):
        layout = ir.Attribute.parse(binding_layout(read_only))
        zero = _zero(function)
        for binding, op in zip(bindings, subspans, strict=True):
            op.attributes["binding"] = ir.IntegerAttr.get(ir.IndexType.get(), binding.index)
            op.attributes["layout"] = layout
            op.operands[0] = zero
        single(executable, EXPORT).attributes["layout"] = layout
    _erase_dead(function)
    if any(op.name == CONSTANT_LOAD for op in walk(function)):
        raise MeasureError("dynamic: the dispatch takes sizes from the host; give static shapes")
    return bindings


def is_indexed(executable: ir.Operation) -> bool:
    """Whether integer operands may serve as positions in other operands."""
    return any(op.name in _INDEXED_OPS for op in walk(executable))


def _binding(index: int, subspan: ir.Operation) -> Binding:
    text = str(subspan.results[0].type)
    match = _TENSOR.match(text)
    if match is None:
        raise MeasureError(f"operand {index} has type {text}; only dense tensors can be measured")
    *sizes, element = match[2].split("x")
    if "?" in sizes or len(subspan.operands) > 1:
        raise MeasureError(f"dynamic: operand {index} has type {text}; give static shapes")
    shape = tuple(int(size) for size in sizes)
    nbytes = (math.prod(shape) * _storage_bits(element) + 7) // 8
    return Binding(index, match[1], element, shape, nbytes)


def _storage_bits(element: str) -> int:
    match = _BITS.match(element)
    if match is None:
        raise MeasureError(f"element type {element} cannot be measured; use floats or integers")
    bits = int(match[1])
    return 8 if bits == 1 else bits


def _zero(function: ir.Operation) -> ir.Value:
    index = ir.IndexType.get()
    constant = ir.Operation.create(
        "arith.constant", results=[index], attributes={"value": ir.IntegerAttr.get(index, 0)}
    )
    ir.InsertionPoint.at_block_begin(block(function)).insert(constant)
    return constant.results[0]


def _erase_dead(function: ir.Operation) -> None:
    """Erases the address arithmetic that no operand uses any more."""
    for operation in reversed(body(function)):
        unused = all(not list(result.uses) for result in operation.results)
        if unused and operation.name.startswith(_ADDRESS_OPS):
            operation.erase()


def workgroup_count(executable: ir.Operation) -> tuple[int, int, int]:
    """The constant workgroup counts (x, y, z) of the one export, at phase `executable-targets`.

    Raises:
      MeasureError: a count depends on values that only the host knows.
    """
    export = single(executable, EXPORT)
    returned = body(export)[-1]
    x, y, z = (_constant(value) for value in returned.operands)
    return x, y, z


def _constant(value: ir.Value) -> int:
    owner = value.owner
    if isinstance(owner, ir.Block) or owner.name != "arith.constant":
        raise MeasureError("dynamic: the workgroup count is no constant; give static shapes")
    return ir.IntegerAttr(owner.attributes["value"]).value


def local_memory(executable: ir.Operation) -> int:
    """Bytes of workgroup-local memory that the one export asks for (0 if none)."""
    attributes = single(executable, EXPORT).attributes
    if "workgroup_local_memory" not in attributes:
        return 0
    return ir.IntegerAttr(attributes["workgroup_local_memory"]).value
