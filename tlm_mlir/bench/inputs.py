# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs of a benchmarked function: what it declares, what `--input` says, values to call it with.

`--input` is given as to `iree-run-module`, once for each input: `4x8xf32`, `4x8xf32=0.5`,
`2xi32=3 4`, `7` for a scalar, `@values.npy`. Values that are not given are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from .elements import SIGNED, SIGNLESS, UNSIGNED, Element, element_of
from .values import Value

EXTENT = 128
"""What a dynamic extent is taken as unless `--input` says otherwise."""
_TENSOR = re.compile(r"tensor<((?:[\d?]+x)*)([^,]+?)(?:, .*)?>$")
_SHAPED = re.compile(r"((?:\d+x)*)([a-z]\w*(?:<\w+>)?)(?:=(.*))?$")


@dataclass(frozen=True)
class Declared:
    """An input as a function declares it: a scalar where there is no shape, -1 a dynamic extent."""

    element: Element
    shape: tuple[int, ...] | None

    def __str__(self) -> str:
        extents = ("?" if extent < 0 else str(extent) for extent in self.shape or ())
        return "x".join((*extents, self.element.name))


@dataclass(frozen=True)
class Input:
    """An input that values can be made for: `values` where they were given."""

    element: Element
    shape: tuple[int, ...] | None
    values: np.ndarray | None = None

    def draw(self, random: np.random.Generator) -> Value:
        """The given values, or new ones."""
        shape = self.shape or ()
        values = _drawn(self.element, shape, random) if self.values is None else self.values
        return Value(self.element, self.shape, self.element.encode(values))


def arguments(inputs: Sequence[Input], seed: int = 0) -> list[Value]:
    """Deterministic values for a call: normal floats, integers of 8 bits and less from all there
    are, of 16 bits from as many.

    Wider integers are 0 and 1, since they may be positions in something.
    """
    random = np.random.default_rng(seed)
    return [each.draw(random) for each in inputs]


def _drawn(element: Element, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    if element.kind in (SIGNLESS, SIGNED) and element.bits <= 16:
        half = 1 << (min(element.bits, 8) - 1)
        return random.integers(-half, half, shape)
    if element.kind == UNSIGNED and element.bits <= 16:
        return random.integers(0, 1 << min(element.bits, 8), shape)
    if not element.is_float:
        return random.integers(0, 2, shape)
    if element.name == "f8E8M0FNU":
        return np.exp2(random.integers(-2, 3, shape))
    drawn = random.standard_normal(shape, np.float32)
    if np.issubdtype(element.dtype, np.complexfloating):
        return drawn + 1j * random.standard_normal(shape, np.float32)
    return drawn


def declared(text: str) -> Declared:
    """The input that a type means: `tensor<4x?xf32>`, `i32`. Raises InputError for other types."""
    match = _TENSOR.match(text)
    if not match:
        return Declared(element_of(text), None)
    extents = match[1].split("x")[:-1]
    shape = tuple(-1 if extent == "?" else int(extent) for extent in extents)
    return Declared(element_of(match[2]), shape)


def resolve(inputs: Sequence[Declared], given: Sequence[str] = ()) -> tuple[list[Input], list[str]]:
    """The inputs with static shapes, and a note for each whose dynamic extents nobody gave.

    Raises InputError where what is given does not fit what is declared.
    """
    if given and len(given) != len(inputs):
        takes = ", ".join(map(str, inputs)) or "nothing"
        raise InputError(
            f"{len(given)} inputs are given and the function takes {len(inputs)} ({takes});"
            " give one --input for each"
        )
    if given:
        pairs = enumerate(zip(inputs, given, strict=True))
        return [_given(place, want, text) for place, (want, text) in pairs], []
    found, notes = [], []
    for place, want in enumerate(inputs):
        shape = want.shape
        if shape is not None and -1 in shape:
            shape = tuple(EXTENT if extent < 0 else extent for extent in shape)
            taken = Declared(want.element, shape)
            notes.append(f"input {place} ({want}) is taken as {taken}; --input can say otherwise")
        found.append(Input(want.element, shape))
    return found, notes


def _given(place: int, want: Declared, text: str) -> Input:
    if text.startswith("@"):
        loaded = _load(Path(text[1:]))
        _check(place, want, text, loaded.shape)
        return Input(want.element, loaded.shape, loaded)
    match = _SHAPED.match(text)
    if not match:
        _check(place, want, text, None)
        return Input(want.element, None, _numbers(text, text, ()))
    shape = tuple(int(extent) for extent in match[1].split("x")[:-1])
    scalar = want.shape is None and not shape
    _check(place, want, text, None if scalar else shape, match[2])
    values = None if match[3] is None else _numbers(text, match[3], shape)
    return Input(want.element, None if scalar else shape, values)


def _check(
    place: int, want: Declared, text: str, shape: tuple[int, ...] | None, element: str = ""
) -> None:
    fits = (shape is None) == (want.shape is None)
    if fits and shape is not None and want.shape is not None:
        fits = len(shape) == len(want.shape) and all(
            extent in (-1, size) for extent, size in zip(want.shape, shape, strict=True)
        )
    if not fits or element not in ("", want.element.name):
        raise InputError(f"--input={text} does not fit input {place}, which is {want}; correct it")


def _numbers(text: str, given: str, shape: tuple[int, ...]) -> np.ndarray:
    """One number for all elements, or a number for each."""
    words = re.sub(r"[\[\],]", " ", given).split()
    names = {"true": "1", "false": "0"}
    try:
        values = np.array([_number(names.get(word, word)) for word in words])
        return np.full(shape, values[0]) if len(words) == 1 else values.reshape(shape)
    except ValueError:
        raise InputError(
            f"--input={text} holds no number for each element, nor one for all; correct it"
        ) from None


def _number(word: str) -> int | float | complex:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            pass
    return complex(word)


def _load(path: Path) -> np.ndarray:
    try:
        found: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a .npy file that can be read ({error})") from None
    return found
