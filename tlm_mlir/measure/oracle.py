# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Oracle: decides whether a candidate computes what IREE's default schedule computes.

The check runs after the timing, on fresh inputs, with poisoned outputs: a kernel that skips work
finds neither last run's results nor zeros. Where the caller says that the computation is exact, the
inputs are small integers, so that every sum is representable. The comparison is then for equality:
no skipped tail or slice can hide in a tolerance.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tlm_mlir.errors import MeasureError
from tlm_mlir.measure.builder import BuiltExport
from tlm_mlir.measure.interface import Binding
from tlm_mlir.measure.timer import Buffer, Executable, Pool

POISON_BYTE = 0xAB
# Inputs repeat with this period, a prime, so that no row or tile is a copy of another.
_PERIOD = 999_983
_BOUND_FACTOR = 16.0
_EXACT_LIMIT = 3
_EXACT_LIMIT_16_BIT = 1
_INTEGER_RANGE = (-8, 8)
_MEMORY_LIMIT = 8 << 30

_NUMPY_NAMES = {
    "f16": "float16", "f32": "float32", "f64": "float64", "i1": "uint8", "i8": "int8",
    "i16": "int16", "i32": "int32", "i64": "int64",
}  # fmt: skip
_EPSILONS = {"f64": 2.0**-52, "f32": 2.0**-23, "f16": 2.0**-10, "bf16": 2.0**-7,
             "f8E4M3FN": 2.0**-3, "f8E5M2": 2.0**-2}  # fmt: skip
_ML_NAMES = {"bf16": "bfloat16", "f8E4M3FN": "float8_e4m3fn", "f8E5M2": "float8_e5m2"}

Range = tuple[int, int]


@dataclass(frozen=True)
class Rule:
    """How inputs are made and outputs compared.

    Args:
      exact: only multiplications, additions, comparisons and copies are computed: compare for
        equality.
      reduction: the number of terms in the longest sum; scales the tolerance if not exact.
      ranges: for a binding's number, the integers [low, high) that it may hold (for indices).
      indexed: integer inputs may be positions: keep them below every extent.
    """

    exact: bool = False
    reduction: int = 1024
    ranges: Mapping[int, Range] | None = None
    indexed: bool = False


def dtype(element_type: str) -> np.dtype:
    """The numpy type of MLIR's `element_type`; bf16 and 8-bit floats need the package ml_dtypes.

    Raises:
      MeasureError: numpy has no such type.
    """
    if element_type in _NUMPY_NAMES:
        return np.dtype(_NUMPY_NAMES[element_type])
    if element_type in _ML_NAMES:
        try:
            import ml_dtypes
        except ImportError:
            raise MeasureError(
                f"element type {element_type} needs the package ml_dtypes; install it"
            ) from None
        return np.dtype(getattr(ml_dtypes, _ML_NAMES[element_type]))
    raise MeasureError(f"element type {element_type} cannot be measured; use another precision")


def is_float(element_type: str) -> bool:
    """Whether MLIR's `element_type` is a floating-point type."""
    return element_type.startswith(("f", "bf"))


class Oracle:
    """The buffers of one dispatch, filled with inputs and compared as its bindings ask.

    Raises:
      MeasureError: an element type has no numpy type, or the operands exceed 8 GiB.
    """

    def __init__(self, bindings: Sequence[Binding], rule: Rule, seed: int = 0) -> None:
        total = sum(binding.nbytes for binding in bindings)
        if total > _MEMORY_LIMIT:
            raise MeasureError(f"the operands take {total >> 20} MiB; measure a smaller dispatch")
        self.bindings = tuple(bindings)
        self.rule = rule
        self._types = [dtype(binding.element_type) for binding in bindings]
        self._least_extent = min((size for b in bindings for size in b.shape), default=1)
        self._rng = np.random.default_rng(seed)
        self.buffers = [Buffer(binding.nbytes) for binding in bindings]
        self._readwrite: dict[int, np.ndarray] = {}
        self.refill()

    def values(self, index: int) -> np.ndarray:
        """The operand `index` as a typed view of its buffer, in its shape."""
        binding = self.bindings[index]
        return self.buffers[index].data.view(self._types[index]).reshape(binding.shape)

    def refill(self) -> None:
        """Draws new inputs, other than all before."""
        for index, binding in enumerate(self.bindings):
            if binding.access == "writeonly":
                continue
            self._fill(index)
            if binding.access == "readwrite":
                self._readwrite[index] = self.buffers[index].data.copy()
        self.poison()

    def poison(self) -> None:
        """Before a run: outputs get a pattern that no result has, in-out operands their inputs."""
        for index, binding in enumerate(self.bindings):
            if binding.access == "writeonly":
                self._poison(index)
            elif binding.access == "readwrite":
                self.buffers[index].data[:] = self._readwrite[index]

    def reference(
        self, executable: Executable, pool: Pool, default: BuiltExport
    ) -> list[np.ndarray]:
        """New inputs, and what the default schedule makes of them on one thread."""
        self.refill()
        executable.run(pool, default, threads=1)
        return [self.buffers[i].data.copy() for i in self._outputs()]

    def fault(
        self,
        executable: Executable,
        pool: Pool,
        export: BuiltExport,
        reference: Sequence[np.ndarray],
    ) -> str | None:
        """Runs an export on the reference's inputs; None if right, else what is wrong."""
        self.poison()
        executable.run(pool, export, threads=pool.threads)
        for index, buffer in enumerate(self.buffers):
            if buffer.overrun():
                return f"operand {index} was written past its end"
        for index, want in zip(self._outputs(), reference, strict=True):
            reason = self._compare(index, want)
            if reason:
                return f"operand {index}: {reason}"
        return None

    def _outputs(self) -> list[int]:
        return [i for i, binding in enumerate(self.bindings) if binding.access != "readonly"]

    def _poison(self, index: int) -> None:
        if is_float(self.bindings[index].element_type):
            self.buffers[index].data.view(self._types[index])[:] = np.nan
        else:
            self.buffers[index].data[:] = POISON_BYTE

    def _fill(self, index: int) -> None:
        data = self.buffers[index].data.view(self._types[index])
        draw = self._draw(index, min(data.size, _PERIOD)).astype(self._types[index])
        for start in range(0, data.size, _PERIOD):
            part = data[start : start + _PERIOD]
            part[:] = draw[: part.size]

    def _draw(self, index: int, count: int) -> np.ndarray:
        element = self.bindings[index].element_type
        explicit = (self.rule.ranges or {}).get(index)
        if explicit is not None:
            return self._rng.integers(explicit[0], explicit[1], count)
        if is_float(element):
            if not self.rule.exact:
                return self._rng.standard_normal(count, np.float32)
            # Sums of +-1 stay exact in the few mantissa bits of the 16-bit types.
            limit = _EXACT_LIMIT if dtype(element).itemsize >= 4 else _EXACT_LIMIT_16_BIT
            return self._rng.integers(-limit, limit + 1, count)
        if element == "i1":
            return self._rng.integers(0, 2, count)
        if self.rule.indexed:
            return self._rng.integers(0, max(self._least_extent, 1), count)
        return self._rng.integers(*_INTEGER_RANGE, count)

    def _compare(self, index: int, reference: np.ndarray) -> str | None:
        element = self.bindings[index].element_type
        got, want = (raw.view(self._types[index]) for raw in (self.buffers[index].data, reference))
        if np.array_equal(self.buffers[index].data, reference):
            return None
        if not is_float(element) or self.rule.exact:
            wrong = (got != want) & ~(_is_nan(got) & _is_nan(want))
        else:
            wrong = beyond(got, want, self._epsilon(), self.rule.reduction)
        count = int(np.count_nonzero(wrong))
        if not count:
            return None
        first = int(np.argmax(wrong))
        return (
            f"{count} of {got.size} values are wrong, the first at {first}: {got[first]}"
            f" instead of {want[first]}"
        )

    def _epsilon(self) -> float:
        """The coarsest rounding among the float operands: intermediates may be stored in it."""
        names = [binding.element_type for binding in self.bindings]
        return max(_EPSILONS[name] for name in names if name in _EPSILONS)


def _is_nan(values: np.ndarray) -> np.ndarray:
    return values != values  # noqa: PLR0124 (true for NaN only, in every type)


def beyond(got: np.ndarray, want: np.ndarray, epsilon: float, reduction: int) -> np.ndarray:
    """Where `got` is further from `want` than rounding explains.

    The bound is 16 sqrt(K) eps (|want| + rms(want)): rounding errors of a sum of K terms grow like
    its square root, and cancellation leaves an error of the size of the other results.
    """
    exact_got, exact_want = got.astype(np.float64), want.astype(np.float64)
    finite = exact_want[np.isfinite(exact_want)]
    scale = math.sqrt(float(np.mean(finite**2))) if finite.size else 0.0
    bound = _BOUND_FACTOR * math.sqrt(max(reduction, 1)) * epsilon * (np.abs(exact_want) + scale)
    same = (exact_got == exact_want) | (np.isnan(exact_got) & np.isnan(exact_want))
    with np.errstate(invalid="ignore"):
        return ~same & ~(np.abs(exact_got - exact_want) <= bound)


def check(
    oracle: Oracle,
    executable: Executable,
    pool: Pool,
    default: BuiltExport,
    exports: Sequence[BuiltExport],
    on_export: Callable[[int], None] = lambda _index: None,
) -> list[str | None]:
    """What is wrong with the values of each export on fresh inputs; None where nothing is."""
    reference = oracle.reference(executable, pool, default)
    faults = []
    for index, export in enumerate(exports):
        on_export(index)
        faults.append(oracle.fault(executable, pool, export, reference))
    return faults
