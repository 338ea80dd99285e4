# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values that programs take and return, and files of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .elements import Element, element_of, element_of_array


@dataclass(frozen=True)
class Value:
    """A tensor as IREE's runtime holds it, or a scalar (which has no shape)."""

    element: Element
    shape: tuple[int, ...] | None
    raw: np.ndarray

    def array(self) -> np.ndarray:
        """The values as a numpy array; bf16 and 8-bit floats become f32."""
        return self.element.decode(self.raw, self.shape or ())

    def same(self, other: Value) -> bool:
        """Whether type, shape and every bit are equal."""
        alike = (self.element, self.shape) == (other.element, other.shape)
        return alike and np.array_equal(self.raw, other.raw)


def value_of(array: np.ndarray) -> Value:
    """A numpy array as a tensor. Raises InputError for a type that IREE has not."""
    element = element_of_array(array)
    return Value(element, array.shape, element.encode(array))


def save_values(path: Path, values: Sequence[Value]) -> None:
    """Writes values to a file for another process."""
    described = json.dumps([(value.element.name, value.shape) for value in values])
    with path.open("wb") as file:
        np.savez(file, *(value.raw for value in values), described=np.array(described))


def load_values(path: Path) -> list[Value]:
    """Reads what `save_values` has written."""
    with np.load(path, allow_pickle=False) as file:
        described = json.loads(str(file["described"]))
        return [
            Value(element_of(name), None if shape is None else tuple(shape), file[f"arr_{place}"])
            for place, (name, shape) in enumerate(described)
        ]
