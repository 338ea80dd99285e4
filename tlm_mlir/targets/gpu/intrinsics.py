# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Instructions of matrix units, rows of a table: which one multiplies what, and on which GPU."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...ir.analysis import sums_products
from ...ir.workload import Op
from ..target import GpuTarget


@dataclass(frozen=True)
class Intrinsic:
    """One instruction of a subgroup of so many invocations.

    It multiplies rows by columns of `dtype` and adds them up in `result`; `unit` is how many rows,
    columns and products. `name` is IREE's, a pattern where IREE has several for it, and `feature`
    the word of the vocabulary for targets that have it.
    """

    backend: str
    feature: str
    name: str
    dtype: str
    result: str
    unit: tuple[int, int, int]
    subgroup: int

    @property
    def rows(self) -> int:
        """Rows of the result."""
        return self.unit[0]

    @property
    def columns(self) -> int:
        """Columns of the result."""
        return self.unit[1]

    @property
    def depth(self) -> int:
        """Products that an instruction sums up."""
        return self.unit[2]

    def among(self, names: Iterable[str]) -> bool:
        """Whether IREE's names of instructions hold its."""
        return any(re.fullmatch(self.name, name) for name in names)


INTRINSICS = (
    # mma.sync (PTX ISA).
    Intrinsic(
        *("cuda", "mma-f16", "NV_MMA_SYNC_F32_16x8x16_F16", "f16", "f32"),
        unit=(16, 8, 16),
        subgroup=32,
    ),
    Intrinsic(
        *("cuda", "mma-bf16", "NV_MMA_SYNC_F32_16x8x16_BF16", "bf16", "f32"),
        unit=(16, 8, 16),
        subgroup=32,
    ),
    # VK_KHR_cooperative_matrix.
    Intrinsic(
        *("vulkan-spirv", "mma-f16", r"\w+_F32_16x16x16_F16", "f16", "f32"),
        unit=(16, 16, 16),
        subgroup=32,
    ),
)
ELEMENT = 2
"""Bytes of an input's element, of all of them."""


def of_backend(backend: str) -> tuple[Intrinsic, ...]:
    """The instructions that devices of a backend may have."""
    return tuple(row for row in INTRINSICS if row.backend == backend)


def for_type(dtype: str, target: GpuTarget) -> Intrinsic | None:
    """What a target multiplies matrices of a type with; None where it cannot."""
    return next(
        (
            row
            for row in of_backend(target.backend)
            if row.dtype == dtype and row.feature in target.features
        ),
        None,
    )


def for_product(root: Op, target: GpuTarget) -> Intrinsic | None:
    """What a target's matrix units do an op with that multiplies and sums up; None where they
    cannot. IREE looks for the plain body, with casts at most."""
    left, right = (operand.dtype for operand in root.inputs)
    found = for_type(left, target) if left == right else None
    if found is None or root.outputs[0].dtype != found.result or not sums_products(root):
        return None
    return found
