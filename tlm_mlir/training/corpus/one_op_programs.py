# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One-op programs: an op of a network by itself, as a program that graph decisions are measured on.

What is constant in the network is a parameter of the program, so that a decision's work on it
happens at load, as it does in the network. A bias and a relu follow the op, and a convolution's
padding goes before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from iree.compiler import ir

from ...ir.graph import CONVOLUTIONS
from ...ir.reader import linear
from ...ir.sources import is_constant

MEMO = "linalg.memoized_indexing_maps"
SCOPE = "model"


@dataclass(frozen=True)
class _Operand:
    """An input as the program has it: its type as text, and the padding before the op."""

    type: str
    constant: bool
    padded: str = ""
    low: tuple[int, ...] = ()
    high: tuple[int, ...] = ()


def one_op_program(operation: ir.Operation) -> str | None:
    """MLIR of a program around a copy of a structured op with two inputs and one result.

    None when the op has another form, or nothing but constants go in.
    """
    if len(operation.operands) != 3 or len(operation.results) != 1:
        return None
    inputs = [_operand(value) for value in list(operation.operands)[:2]]
    if all(item.constant for item in inputs):
        return None
    result = str(operation.results[0].type)
    element = result[:-1].split("x")[-1]
    channel = _channel(operation, inputs)
    lines = [line for number, item in enumerate(inputs) for line in _load(number, item)]
    body = [
        *lines,
        f"%zero = arith.constant {_zero(element)} : {element}",
        *(line for number, item in enumerate(inputs) for line in _pad(number, item)),
        f"%empty = tensor.empty() : {result}",
        f"%fill = linalg.fill ins(%zero : {element}) outs(%empty : {result}) -> {result}",
        _copy(operation),
        *_epilogue(result, channel),
        f"util.return %relu : {result}",
    ]
    globals_ = [_global(f"w{i}", item.type) for i, item in enumerate(inputs) if item.constant]
    arguments = ", ".join(
        f"%x{i}: {item.type}" for i, item in enumerate(inputs) if not item.constant
    )
    return "\n".join(
        [
            "module {",
            *globals_,
            _global("bias", _vector(result, channel)),
            f"util.func public @main({arguments}) -> {result} {{",
            *body,
            "}",
            "}",
        ]
    )


def _operand(value: ir.Value) -> _Operand:
    owner = value.owner
    text = str(value.type)
    if isinstance(owner, ir.Block) or owner.operation.name != "tensor.pad":
        return _Operand(text, is_constant(value, {}))
    pad = owner.operation
    low, high = (
        tuple(ir.DenseI64ArrayAttr(pad.attributes[name])) for name in ("static_low", "static_high")
    )
    if len(pad.operands) != 1 or min(low + high) < 0:
        return _Operand(text, False)
    return _Operand(str(pad.operands[0].type), False, text, low, high)


def _channel(operation: ir.Operation, inputs: list[_Operand]) -> int:
    """The result's position that the bias runs over: the constant operand's own, else the last."""
    if operation.name in CONVOLUTIONS:
        return 1 if operation.name.endswith(("nchw_fchw", "ngchw_gfchw")) else 3
    maps = [ir.AffineMapAttr(item).value for item in _maps(operation)]
    dims = [[linear(expression).dim for expression in affine.results] for affine in maps]
    for own, other, item in ((dims[1], dims[0], inputs[1]), (dims[0], dims[1], inputs[0])):
        free = [place for place, dim in enumerate(dims[2]) if dim in own and dim not in other]
        if item.constant and free:
            return free[-1]
    return len(dims[2]) - 1


def _maps(operation: ir.Operation) -> ir.ArrayAttr:
    return ir.ArrayAttr(operation.attributes["indexing_maps"])


def _copy(operation: ir.Operation) -> str:
    """The op as text with the program's names for its operands and result."""
    if MEMO in operation.attributes:
        del operation.attributes[MEMO]
    text = operation.get_asm(print_generic_op_form=True, use_local_scope=True)
    return re.sub(r'^%\S+ = ("[^"]+")\([^)]*\)', r"%result = \1(%in0, %in1, %fill)", text, count=1)


def _load(number: int, item: _Operand) -> list[str]:
    if item.constant:
        return [f"%in{number} = util.global.load @w{number} : {item.type}"]
    return []


def _pad(number: int, item: _Operand) -> list[str]:
    """The input under the name that the op takes."""
    if item.constant:
        return []
    if not item.padded:
        same = f"%in{number} = tensor.cast %x{number} : {item.type} to {item.type}"
        return [same]
    indices = ", ".join(f"%i{place}: index" for place in range(len(item.low)))
    low, high = (", ".join(map(str, sizes)) for sizes in (item.low, item.high))
    element = item.type[:-1].split("x")[-1]
    return [
        f"%in{number} = tensor.pad %x{number} low[{low}] high[{high}] {{",
        f"^bb0({indices}):",
        f"%pad{number} = arith.constant {_zero(element)} : {element}",
        f"tensor.yield %pad{number} : {element}",
        f"}} : {item.type} to {item.padded}",
    ]


def _epilogue(result: str, channel: int) -> list[str]:
    rank = len(result.split("x")) - 1
    element = result[:-1].split("x")[-1]
    vector = _vector(result, channel)
    dims = ", ".join(f"d{i}" for i in range(rank))
    whole = f"affine_map<({dims}) -> ({dims})>"
    one = f"affine_map<({dims}) -> (d{channel})>"
    iterators = ", ".join(['"parallel"'] * rank)
    add, top = ("addf", "maximumf") if element[0] in "fb" else ("addi", "maxsi")
    return [
        f"%bias = util.global.load @bias : {vector}",
        f"%relu = linalg.generic {{indexing_maps = [{whole}, {one}, {whole}],"
        f" iterator_types = [{iterators}]}} ins(%result, %bias : {result}, {vector})"
        f" outs(%empty : {result}) {{",
        f"^bb0(%a: {element}, %b: {element}, %c: {element}):",
        f"%sum = arith.{add} %a, %b : {element}",
        f"%max = arith.{top} %sum, %zero : {element}",
        f"linalg.yield %max : {element}",
        f"}} -> {result}",
    ]


def _vector(result: str, channel: int) -> str:
    sizes = result.removeprefix("tensor<").removesuffix(">").split("x")
    return f"tensor<{sizes[channel]}x{sizes[-1]}>"


def _global(name: str, type_: str) -> str:
    value = f'#flow.parameter.named<"{SCOPE}"::"{name}">'
    return f"util.global private @{name} = {value} : {type_}"


def _zero(element: str) -> str:
    return "0.0" if element[0] in "fb" else "0"
