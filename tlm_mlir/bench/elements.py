# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Element types of tensors: how IREE's runtime stores them, and numpy arrays of their values.

numpy knows neither bf16, 8-bit floats nor integers of less than a byte. They are converted here, so
that benchmarks need no other package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..errors import InputError

BOOL, SIGNLESS, SIGNED, UNSIGNED = 0x13, 0x10, 0x11, 0x12
IEEE, BRAIN, COMPLEX = 0x21, 0x22, 0x23
"""Kinds of elements in IREE's numbering (`iree/hal/buffer_view.h`); 8-bit floats have their own."""
_INTEGERS = {"i": SIGNLESS, "si": SIGNED, "ui": UNSIGNED}
_INTEGER = re.compile(r"(i|si|ui)(2|4|8|16|32|64)$")


@dataclass(frozen=True)
class EightBits:
    """A floating-point format of one byte: field widths, and which codes are special."""

    kind: int
    exponent: int
    mantissa: int
    bias: int
    infinities: bool = False
    negative_zero: bool = True

    def values(self) -> np.ndarray:
        """The value of every code."""
        codes = np.arange(256)
        if self.mantissa == 0:
            found = np.exp2(codes.astype(np.float64) - self.bias)
            found[255] = np.nan
            return found.astype(np.float32)
        exponent = (codes >> self.mantissa) & ((1 << self.exponent) - 1)
        fraction = (codes & ((1 << self.mantissa) - 1)) / (1 << self.mantissa)
        normal = np.exp2(exponent - float(self.bias)) * (1 + fraction)
        found = np.where(exponent == 0, np.exp2(1.0 - self.bias) * fraction, normal)
        found = np.where(codes & 128, -found, found)
        last = exponent == (1 << self.exponent) - 1
        if self.infinities:
            found[last] = np.where(fraction[last] == 0, np.sign(found[last]) * np.inf, np.nan)
        elif self.negative_zero:
            found[[127, 255]] = np.nan
        else:
            found[128] = np.nan
        return found.astype(np.float32)


_EIGHT_BITS = {
    "f8E5M2": EightBits(0x24, 5, 2, 15, infinities=True),
    "f8E4M3FN": EightBits(0x25, 4, 3, 7),
    "f8E5M2FNUZ": EightBits(0x26, 5, 2, 16, negative_zero=False),
    "f8E4M3FNUZ": EightBits(0x27, 4, 3, 8, negative_zero=False),
    "f8E8M0FNU": EightBits(0x28, 8, 0, 127),
}


@dataclass(frozen=True)
class Element:
    """An element type: MLIR's name, IREE's kind, bits in memory, the numpy type of its values.

    A wider numpy type holds the values of a type that numpy has not.
    """

    name: str
    kind: int
    bits: int
    dtype: np.dtype

    @property
    def code(self) -> int:
        """IREE's number of the type."""
        return self.kind << 24 | self.bits

    @property
    def is_float(self) -> bool:
        """Whether values are rounded: floats and complex numbers."""
        return self.kind >= IEEE

    @property
    def epsilon(self) -> float:
        """The distance from 1 to the next value; zero for integers."""
        if not self.is_float:
            return 0.0
        if self.name in _EIGHT_BITS:
            return 2.0 ** -_EIGHT_BITS[self.name].mantissa
        return 2.0**-7 if self.kind == BRAIN else float(np.finfo(self.dtype).eps)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """The bytes of values, rounded to the nearest that the type has; integers are cut."""
        if self.name in _EIGHT_BITS:
            return _nearest(self.name, values)
        if self.kind == BRAIN:
            wide = np.ascontiguousarray(values, np.float32).reshape(-1).view(np.uint32)
            # To the nearest, ties to even: what the lower half adds carries into the upper.
            rounded = wide + 0x7FFF + ((wide >> 16) & 1)
            nan = np.isnan(values).reshape(-1)
            return np.where(nan, 0x7FC0, rounded >> 16).astype(np.uint16).view(np.uint8)
        stored = np.ascontiguousarray(values).astype(self.dtype, casting="unsafe").reshape(-1)
        if self.bits < 8:
            return _pack(stored, self.bits)
        return stored.view(np.uint8)

    def decode(self, raw: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The values that bytes mean."""
        count = int(np.prod(shape, dtype=np.int64))
        if self.name in _EIGHT_BITS:
            return _table(self.name)[raw[:count]].reshape(shape)
        if self.kind == BRAIN:
            halves = raw.view(np.uint16).astype(np.uint32) << 16
            return halves.view(np.float32).reshape(shape)
        if self.bits < 8:
            return _unpack(raw, self, count).reshape(shape)
        return raw.view(self.dtype).reshape(shape)


def _pack(values: np.ndarray, bits: int) -> np.ndarray:
    """Several elements in a byte, the first in the lowest bits."""
    each = 8 // bits
    padded = np.zeros(-(-values.size // each) * each, np.uint8)
    padded[: values.size] = values.view(np.uint8) & ((1 << bits) - 1)
    shifts = (np.arange(each) * bits).astype(np.uint8)
    packed: np.ndarray = np.bitwise_or.reduce(padded.reshape(-1, each) << shifts, axis=1)
    return packed.astype(np.uint8)


def _unpack(raw: np.ndarray, element: Element, count: int) -> np.ndarray:
    shifts = (np.arange(8 // element.bits) * element.bits).astype(np.uint8)
    found = ((raw[:, None] >> shifts) & ((1 << element.bits) - 1)).reshape(-1)[:count]
    if element.kind == UNSIGNED:
        return found.astype(np.uint8)
    unused = 8 - element.bits
    return (found << unused).astype(np.int8) >> unused


@cache
def _table(name: str) -> np.ndarray:
    return _EIGHT_BITS[name].values()


@cache
def _sorted_codes(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Finite values in rising order, and their codes."""
    values = _table(name)
    finite = np.flatnonzero(np.isfinite(values))
    order = finite[np.argsort(values[finite], kind="stable")]
    return values[order], order.astype(np.uint8)


def _nearest(name: str, values: np.ndarray) -> np.ndarray:
    flat = np.asarray(values, np.float32).reshape(-1)
    known, codes = _sorted_codes(name)
    found = codes[np.searchsorted((known[1:] + known[:-1]) / 2, flat)]
    nan = int(np.flatnonzero(np.isnan(_table(name)))[-1])
    return np.where(np.isnan(flat), nan, found).astype(np.uint8)


def element_of(name: str) -> Element:
    """The element type that MLIR calls `name`. Raises InputError for one IREE cannot be handed."""
    found = _named(name)
    if found is None:
        raise InputError(
            f"values of type {name} cannot be made up; benchmark a function of integers and floats"
        )
    return found


def _named(name: str) -> Element | None:
    if match := _INTEGER.match(name):
        sign, bits = match[1], int(match[2])
        letter = "u" if sign == "ui" else "i"
        return Element(name, _INTEGERS[sign], bits, np.dtype(f"{letter}{max(bits, 8) // 8}"))
    if name in _EIGHT_BITS:
        return Element(name, _EIGHT_BITS[name].kind, 8, np.dtype(np.float32))
    return {
        "i1": Element("i1", BOOL, 8, np.dtype(np.bool_)),
        "index": Element("index", SIGNLESS, 64, np.dtype(np.int64)),
        "f16": Element("f16", IEEE, 16, np.dtype(np.float16)),
        "f32": Element("f32", IEEE, 32, np.dtype(np.float32)),
        "f64": Element("f64", IEEE, 64, np.dtype(np.float64)),
        "bf16": Element("bf16", BRAIN, 16, np.dtype(np.float32)),
        "complex<f32>": Element("complex<f32>", COMPLEX, 64, np.dtype(np.complex64)),
        "complex<f64>": Element("complex<f64>", COMPLEX, 128, np.dtype(np.complex128)),
    }.get(name)


_ALL = (
    *(f"{sign}{bits}" for sign in _INTEGERS for bits in (2, 4, 8, 16, 32, 64)),
    *("i1", "f16", "f32", "f64", "bf16", "complex<f32>", "complex<f64>"),
    *_EIGHT_BITS,
)


@cache
def _by_code() -> dict[int, Element]:
    return {element_of(name).code: element_of(name) for name in _ALL}


def element_of_code(code: int) -> Element:
    """The element type by IREE's number of it. Raises InputError for one that is unknown."""
    if code not in _by_code():
        raise InputError(
            f"the program returns elements of IREE's type {code:#010x}, which cannot be read;"
            " return another type"
        )
    return _by_code()[code]


def element_of_array(array: np.ndarray) -> Element:
    """The element type of a numpy array. Raises InputError for one that IREE has not."""
    for element in _by_code().values():
        if element.dtype == array.dtype and element.bits == 8 * array.dtype.itemsize:
            return element
    raise InputError(f"an array of {array.dtype} cannot be handed to IREE; convert it")
