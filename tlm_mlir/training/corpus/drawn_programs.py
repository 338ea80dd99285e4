# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random programs of one op: matmuls, batches of them, products with a vector, convolutions.

Types, layouts, sizes (round, odd, thin and long) and whether weights are arguments or parameters
are drawn from a seed. Half of the programs end in a bias and a maximum with zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

KINDS = {"matmul": 0.4, "batch_matmul": 0.1, "vector": 0.1, "nhwc": 0.2, "nchw": 0.2}
TYPES = {"f32": 0.6, "bf16": 0.15, "f16": 0.1, "i8": 0.15}
SUMS = {"f32": "f32", "bf16": "f32", "f16": "f32", "i8": "i32"}
"""The type in which products of a type are summed up."""
MOST_MULTIPLICATIONS, LEAST_MULTIPLICATIONS, MOST_ELEMENTS = 1e9, 2e5, 1.2e7
WINDOWS = ((1, 1), (1, 2), (3, 1), (3, 1), (3, 2), (5, 1), (7, 2), (4, 4), (16, 16))
"""Window and stride of convolutions."""
SCOPE, WEIGHTS = "model", "w"


@dataclass(frozen=True)
class OneOp:
    """A program: its name, its text, and shape and type of its parameter, if it has one."""

    name: str
    text: str
    weights: tuple[tuple[int, ...], str] | None


@dataclass(frozen=True)
class _Shapes:
    """What a drawn op computes: operands, result, and the op between them as text."""

    name: str
    left: tuple[int, ...]
    right: tuple[int, ...]
    result: tuple[int, ...]
    multiplications: int
    op: str


def draw(count: int, seed: int) -> Iterator[OneOp]:
    """`count` programs, the same for a seed."""
    random = np.random.default_rng(seed)
    for number in range(count):
        shapes = None
        while shapes is None or not _fits(shapes):
            kind = str(random.choice(list(KINDS), p=list(KINDS.values())))
            dtype = str(random.choice(list(TYPES), p=list(TYPES.values())))
            shapes = (
                _convolution(random, kind, dtype)
                if kind[0] == "n"
                else _matmul(random, kind, dtype)
            )
        constant, epilogue = (bool(random.integers(0, 2)) for _ in range(2))
        name = f"{number:03}_{shapes.name}_{dtype}{'_w' if constant else ''}"
        text = _program(shapes, dtype, constant, epilogue)
        yield OneOp(name, text, (shapes.right, dtype) if constant else None)


def _fits(shapes: _Shapes) -> bool:
    largest = max(map(math.prod, (shapes.left, shapes.right, shapes.result)))
    inside = LEAST_MULTIPLICATIONS <= shapes.multiplications <= MOST_MULTIPLICATIONS
    return inside and largest <= MOST_ELEMENTS


def _size(random: np.random.Generator, low: int, high: int) -> int:
    """An extent between bounds, small ones as likely as large ones; two of three are round."""
    size = round(math.exp(random.uniform(math.log(low), math.log(high))))
    unit = int(random.choice([1, 8, 64]))
    return max(low, round(size / unit) * unit) if size > unit else size


def _matmul(random: np.random.Generator, kind: str, dtype: str) -> _Shapes:
    m, n, k = (_size(random, 2, 4096) for _ in range(3))
    if kind == "vector":
        m, n = (1, n) if random.integers(0, 2) else (m, 1)
    batch = (_size(random, 2, 32),) if kind == "batch_matmul" else ()
    turned = [bool(random.random() < share) for share in (0.1, 0.4)]
    left = (k, m) if turned[0] else (m, k)
    right = (n, k) if turned[1] else (k, n)
    dims = ("b, " if batch else "") + "m, n, k"
    first = "b, " if batch else ""
    maps = [
        f"affine_map<({dims}) -> ({first}{index})>"
        for index in ("k, m" if turned[0] else "m, k", "n, k" if turned[1] else "k, n", "m, n")
    ]
    kinds = ['"parallel"'] * (2 + len(batch)) + ['"reduction"']
    op = (
        f"linalg.generic {{indexing_maps = [{', '.join(maps)}],"
        f" iterator_types = [{', '.join(kinds)}]}}"
    )
    letters = f"{'km' if turned[0] else 'mk'}{'nk' if turned[1] else 'kn'}"
    name = f"{kind}_{'x'.join(map(str, (*batch, m, n, k)))}_{letters}"
    count = math.prod((*batch, m, n, k))
    return _Shapes(name, (*batch, *left), (*batch, *right), (*batch, m, n), count, op)


def _convolution(random: np.random.Generator, kind: str, dtype: str) -> _Shapes:
    window, stride = WINDOWS[random.integers(0, len(WINDOWS))]
    few = window > 3 and random.integers(0, 2)
    channels = int(random.choice([1, 3, 4])) if few else _size(random, 4, 512)
    filters, height, width = _size(random, 4, 512), _size(random, 5, 112), _size(random, 5, 112)
    batch = int(random.choice([1, 1, 1, 4]))
    high, wide = ((extent - 1) * stride + window for extent in (height, width))
    last = kind == "nhwc"
    image = (batch, high, wide, channels) if last else (batch, channels, high, wide)
    kernel = (window, window, channels, filters) if last else (filters, channels, window, window)
    result = (batch, height, width, filters) if last else (batch, filters, height, width)
    op = (
        f"linalg.conv_2d_{'nhwc_hwcf' if last else 'nchw_fchw'}"
        f" {{dilations = dense<1> : vector<2xi64>, strides = dense<{stride}> : vector<2xi64>}}"
    )
    name = f"{kind}_{batch}x{height}x{width}_{channels}to{filters}_{window}s{stride}"
    count = math.prod(result) * channels * window * window
    return _Shapes(name, image, kernel, result, count, op)


def _program(shapes: _Shapes, dtype: str, constant: bool, epilogue: bool) -> str:
    out = SUMS[dtype]
    x, w, y = (
        f"tensor<{'x'.join(map(str, shape))}x{element}>"
        for shape, element in ((shapes.left, dtype), (shapes.right, dtype), (shapes.result, out))
    )
    arguments = f"%x: {x}" if constant else f"%x: {x}, %w: {w}"
    head = [f"func.func @main({arguments}) -> {y} {{"]
    if constant:
        value = f'#flow.parameter.named<"{SCOPE}"::"{WEIGHTS}">'
        head = [f"util.global private @w = {value} : {w}", *head]
        head.append(f"%w = util.global.load @w : {w}")
    zero = "0" if out == "i32" else "0.0"
    region = product_region(dtype) if shapes.op.startswith("linalg.generic") else ""
    body = [
        f"%zero = arith.constant {zero} : {out}",
        f"%e = tensor.empty() : {y}",
        f"%f = linalg.fill ins(%zero : {out}) outs(%e : {y}) -> {y}",
        f"%r = {shapes.op} ins(%x, %w : {x}, {w}) outs(%f : {y}){region} -> {y}",
        *(_maximum(shapes.result, y, out) if epilogue else (f"%s = tensor.cast %r : {y} to {y}",)),
        f"return %s : {y}",
    ]
    return "\n".join([*head, *body, "}", ""])


def product_region(dtype: str) -> str:
    """The region of a generic that adds up products of an element type, in that of SUMS."""
    out = SUMS[dtype]
    letter = "i" if out == "i32" else "f"
    lines, names = [f" {{\n^bb0(%a: {dtype}, %b: {dtype}, %c: {out}):"], ("%a", "%b")
    if out != dtype:
        widen = f"arith.ext{'si' if out == 'i32' else 'f'}"
        lines += [f"%p = {widen} %a : {dtype} to {out}", f"%q = {widen} %b : {dtype} to {out}"]
        names = ("%p", "%q")
    lines += [
        f"%m = arith.mul{letter} {names[0]}, {names[1]} : {out}",
        f"%n = arith.add{letter} %c, %m : {out}",
        f"linalg.yield %n : {out}",
        "}",
    ]
    return "\n".join(lines)


def _maximum(shape: Sequence[int], result: str, out: str) -> list[str]:
    dims = ", ".join(f"d{place}" for place in range(len(shape)))
    same = f"affine_map<({dims}) -> ({dims})>"
    kinds = ", ".join(['"parallel"'] * len(shape))
    top = "maxsi" if out == "i32" else "maximumf"
    return [
        f"%s = linalg.generic {{indexing_maps = [{same}, {same}], iterator_types = [{kinds}]}}"
        f" ins(%r : {result}) outs(%e : {result}) {{",
        f"^bb0(%a: {out}, %b: {out}):",
        f"%m = arith.{top} %a, %zero : {out}",
        f"linalg.yield %m : {out}",
        f"}} -> {result}",
    ]
