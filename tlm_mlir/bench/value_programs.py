# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random programs for checking values: a product or a convolution with weights known at load.

Extents are divisible, prime or one. Contractions have any rank and order of weights, convolutions
one to three dims, strides, dilations and padding. A bias with a maximum, or an addition of another
tensor, may follow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..training.corpus.drawn_programs import SUMS, product_region

SCOPE = "model"
DIVISIBLE, PRIME = (8, 12, 16, 24, 32, 48, 64), (3, 5, 7, 11, 13, 17, 31, 37)
COLUMNS = (16, 24, 32, 48, 64, 96, 128, 256)
MOST_PRODUCTS = 2e7
CONTRACTIONS = {
    "matmul": ("m", "k", "mn"),
    "rows": ("ab", "k", "abn"),
    "batch": ("bm", "k", "bmn"),
    "two_sums": ("m", "kl", "mn"),
}
"""Loops of the other operand that the result has, those that are summed up, and the result's."""
CONVOLUTIONS = {
    "conv_1d_nwc_wcf": 1,
    "conv_2d_nhwc_hwcf": 2,
    "conv_2d_nchw_fchw": 2,
    "conv_3d_ndhwc_dhwcf": 3,
    "conv_2d_nhwgc_gfhwc": 2,
}

Shape = tuple[int, ...]
Tensor = tuple[Shape, str]
"""Shape and element type."""


@dataclass(frozen=True)
class ValueProgram:
    """A program, its arguments, its parameters by name, and the terms of a sum in it."""

    name: str
    text: str
    arguments: tuple[Tensor, ...]
    parameters: dict[str, Tensor]
    terms: int


@dataclass(frozen=True)
class _Op:
    """An op as text, and its operands; `padded` is the input's shape behind its padding."""

    name: str
    text: str
    region: bool
    x: Shape
    padded: Shape
    weights: Shape
    result: Shape
    terms: int
    weights_first: bool = False


KINDS = (*CONTRACTIONS, *CONVOLUTIONS)


def draw(seed: int, kinds: Sequence[str] = KINDS, types: Sequence[str] = ("f32",)) -> ValueProgram:
    """The program of a seed, of one of some kinds and element types."""
    random = np.random.default_rng(seed)
    while True:
        kind = str(random.choice(kinds))
        op = _contraction(random, kind) if kind in CONTRACTIONS else _convolution(random, kind)
        if math.prod(op.result) * op.terms <= MOST_PRODUCTS:
            return _program(random, op, str(random.choice(types)))


def _extent(random: np.random.Generator) -> int:
    """One of five is one, two are prime, two divisible."""
    kind = random.integers(0, 5)
    return int(random.choice(DIVISIBLE if kind < 2 else PRIME)) if kind < 4 else 1


def _contraction(random: np.random.Generator, kind: str) -> _Op:
    kept, summed, result = CONTRACTIONS[kind]
    sizes = {loop: _extent(random) for loop in (*kept, *summed)} | {
        "n": int(random.choice(COLUMNS))
    }
    if kind == "batch":
        sizes["b"] = int(random.choice((1, 2, 3)))
    batch = "b" if kind == "batch" else ""
    weights = [*batch, *(random.permutation([*summed, "n"]) if random.random() < 0.5 else summed)]
    weights = [*weights, "n"] if "n" not in weights else weights
    first = bool(random.random() < 0.2)
    orders = [[*kept, *summed], weights]
    loops = ", ".join(sizes)
    maps = [
        f"affine_map<({loops}) -> ({', '.join(order)})>"
        for order in (*(orders[::-1] if first else orders), result)
    ]
    kinds = ['"reduction"' if loop in summed else '"parallel"' for loop in sizes]
    text = (
        f"linalg.generic {{indexing_maps = [{', '.join(maps)}],"
        f" iterator_types = [{', '.join(kinds)}]}}"
    )
    x, w, y = (tuple(sizes[loop] for loop in order) for order in (*orders, result))
    name = f"{kind}_{'x'.join(map(str, x))}_{''.join(weights)}{sizes['n']}{'_first' * first}"
    terms = math.prod(sizes[loop] for loop in summed)
    return _Op(name, text, True, x, x, w, y, terms, first)


def _convolution(random: np.random.Generator, kind: str) -> _Op:
    rank = CONVOLUTIONS[kind]
    outs = tuple(min(_extent(random), 24 if rank < 3 else 8) for _ in range(rank))
    window = tuple(int(random.choice((1, 2, 3, 5))) for _ in range(rank))
    strides = tuple(int(random.choice((1, 1, 2, 3))) for _ in range(rank))
    dilations = tuple(int(random.choice((1, 1, 1, 2))) for _ in range(rank))
    images, channels = int(random.choice((1, 1, 1, 2))), _extent(random)
    filters = int(random.choice(COLUMNS))
    padding = int(random.integers(0, 2))
    reads = tuple(
        (out - 1) * stride + (size - 1) * dilation + 1
        for out, stride, size, dilation in zip(outs, strides, window, dilations, strict=True)
    )
    # Padding on both sides, where something of the image is left between.
    inside = tuple(read - 2 * padding for read in reads)
    if min(inside) < 1:
        inside = reads
    if kind == "conv_2d_nchw_fchw":
        weights: Shape = (filters, channels, *window)
        x, padded = ((images, channels, *sizes) for sizes in (inside, reads))
        result: Shape = (images, filters, *outs)
    elif kind == "conv_2d_nhwgc_gfhwc":
        groups = int(random.choice((1, 2, 3, 8)))
        weights = (groups, filters, *window, channels)
        x, padded = ((images, *sizes, groups, channels) for sizes in (inside, reads))
        result = (images, *outs, groups, filters)
    else:
        weights = (*window, channels, filters)
        x, padded = ((images, *sizes, channels) for sizes in (inside, reads))
        result = (images, *outs, filters)
    steps = [
        f"{name} = dense<{list(sizes)}> : vector<{rank}xi64>"
        for name, sizes in (("dilations", dilations), ("strides", strides))
    ]
    named = ("w", window), ("s", strides), ("d", dilations)
    how = "".join(f"_{letter}{'x'.join(map(str, sizes))}" for letter, sizes in named)
    name = f"{kind}_{'x'.join(map(str, padded))}_to{filters}{how}{'_padded' * (x != padded)}"
    text = f"linalg.{kind} {{{', '.join(steps)}}}"
    return _Op(name, text, False, x, padded, weights, result, channels * math.prod(window))


def _program(random: np.random.Generator, op: _Op, dtype: str) -> ValueProgram:
    out = SUMS[dtype]
    x, padded, w = (_type(shape, dtype) for shape in (op.x, op.padded, op.weights))
    y, bias = _type(op.result, out), _type(op.result[-1:], out)
    epilogue = str(random.choice(("", "bias", "residual")))
    arguments: list[Tensor] = [(op.x, dtype)]
    parameters: dict[str, Tensor] = {"w": (op.weights, dtype)}
    if epilogue == "bias":
        parameters["b"] = (op.result[-1:], out)
    if epilogue == "residual":
        arguments.append((op.result, out))
    second = f", %other: {y}" if epilogue == "residual" else ""
    operands = f"%w, %in : {w}, {padded}" if op.weights_first else f"%in, %w : {padded}, {w}"
    region = product_region(dtype) if op.region else ""
    lines = [
        *(
            f'util.global private @{name} = #flow.parameter.named<"{SCOPE}"::"{name}">'
            f" : {_type(*tensor)}"
            for name, tensor in parameters.items()
        ),
        f"func.func @main(%x: {x}{second}) -> {y} {{",
        f"%w = util.global.load @w : {w}",
        *_padding(op, dtype, x, padded),
        f"%zero = arith.constant {_zero(out)} : {out}",
        f"%e = tensor.empty() : {y}",
        f"%f = linalg.fill ins(%zero : {out}) outs(%e : {y}) -> {y}",
        f"%r = {op.text} ins({operands}) outs(%f : {y}){region} -> {y}",
        *_epilogue(epilogue, op.result, y, bias, out),
        "}",
        "",
    ]
    name = "_".join(filter(None, (op.name, dtype, epilogue)))
    return ValueProgram(name, "\n".join(lines), tuple(arguments), parameters, op.terms)


def _padding(op: _Op, dtype: str, x: str, padded: str) -> list[str]:
    if op.x == op.padded:
        return [f"%in = tensor.cast %x : {x} to {padded}"]
    sides = ", ".join(str((size - had) // 2) for size, had in zip(op.padded, op.x, strict=True))
    places = ", ".join(f"%i{place}: index" for place in range(len(op.x)))
    return [
        f"%nothing = arith.constant {_zero(dtype)} : {dtype}",
        f"%in = tensor.pad %x low[{sides}] high[{sides}] {{",
        f"^bb0({places}):",
        f"tensor.yield %nothing : {dtype}",
        f"}} : {x} to {padded}",
    ]


def _epilogue(kind: str, shape: Shape, y: str, bias: str, out: str) -> list[str]:
    if not kind:
        return [f"return %r : {y}"]
    dims = ", ".join(f"d{place}" for place in range(len(shape)))
    same, last = (f"affine_map<({dims}) -> ({to})>" for to in (dims, f"d{len(shape) - 1}"))
    kinds = ", ".join(['"parallel"'] * len(shape))
    add, most = ("addi", "maxsi") if out == "i32" else ("addf", "maximumf")
    by_bias = kind == "bias"
    load = [f"%other = util.global.load @b : {bias}"] if by_bias else []
    top = [f"%t = arith.{most} %s, %zero : {out}"] if by_bias else []
    return [
        *load,
        f"%z = linalg.generic {{indexing_maps = [{same}, {last if by_bias else same}, {same}],"
        f" iterator_types = [{kinds}]}} ins(%r, %other : {y}, {bias if by_bias else y})"
        f" outs(%e : {y}) {{",
        f"^bb0(%a: {out}, %b: {out}, %c: {out}):",
        f"%s = arith.{add} %a, %b : {out}",
        *top,
        f"linalg.yield {'%t' if by_bias else '%s'} : {out}",
        f"}} -> {y}",
        f"return %z : {y}",
    ]


def _type(shape: Shape, element: str) -> str:
    return f"tensor<{'x'.join(map(str, (*shape, element)))}>"


def _zero(element: str) -> str:
    return "0" if element.startswith("i") else "0.0"
