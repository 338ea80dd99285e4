# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Features of schedules: those of a matmul worked out by hand, and their form for all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from samples import TARGETS, attention, matmul, walks

from tlm_mlir.language.integers import encode
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.targets import registry
from tlm_mlir.targets.features import IREE, NONE, TO_IREE

MATMUL = registry.task(matmul(), TARGETS["avx512"])


def spelled(vector: tuple[int, int], reduce: int, group: tuple[int, int]) -> Schedule:
    """A schedule of the matmul of 96 x 64 x 200: sizes of rows and columns."""
    words = ["pipeline:tile", "peel:no", "@vector", *encode(vector[1]), *encode(vector[0])]
    words += ["@reduce", *encode(reduce), "@distribute", *encode(group[0]), *encode(group[1])]
    words += ["cache:no", "order:plain", "<end>"]
    return MATMUL.decode(words)


def test_registers_and_loads() -> None:
    (found,) = MATMUL.features([spelled((8, 32), 4, (48, 0))], None)
    # 8 rows of two registers; a step loads 8 x 4 scalars and 4 x 2 registers for 64 operations.
    assert found["result registers"] == 4
    assert found["loads an operation"] == pytest.approx(math.log2(40 / 64), abs=1e-3)
    assert found["broadcast inputs"] == found["contiguous inputs"] == 1
    assert found["contiguous result"] == 1 and found["scattered inputs"] == 0


def test_tiles_and_cores() -> None:
    (found,) = MATMUL.features([spelled((5, 32), 3, (32, 0))], None)
    assert found["workgroups"] == pytest.approx(math.log2(3))
    assert found["idle cores"] == pytest.approx(math.log2(4 / 3))
    # 32 rows by fives are seven vectors, 35 rows; 200 by threes are 201.
    assert found["vector waste"] == pytest.approx(math.log2(35 / 32))
    assert found["reduction waste"] == pytest.approx(math.log2(201 / 200))
    assert found["vector remainders"] == found["reduction remainders"] == 1
    held = 4 * (32 * 200 + 200 * 64 + 32 * 64)
    assert found["workgroup bytes"] == pytest.approx(math.log2(held))
    assert found["workgroup / L1"] == pytest.approx(math.log2(held / (48 << 10)))


def test_differences_to_what_iree_does() -> None:
    mine, own = spelled((8, 32), 4, (48, 0)), spelled((4, 32), 4, (48, 0))
    (found,) = MATMUL.features([mine], own)
    (alone,) = MATMUL.features([mine], None)
    assert found[f"{TO_IREE}result registers"] == 1 and found[f"{IREE}result registers"] == 3
    assert alone[f"{TO_IREE}result registers"] == alone[f"{IREE}result registers"] == NONE


def test_an_attention_keeps_its_head_dim() -> None:
    one = encode(1)
    words = ["pipeline:ext", "@vector", *one, *one, *one, "@reduce", *one]
    words += ["@distribute", "n0", "n0", "n0", "<end>"]
    task = registry.task(attention(), TARGETS["avx512"])
    (found,) = task.features([task.decode(words)], None)
    assert found["attention"] == 1 and found["reduced at once"] == 6


NAMES = list(MATMUL.features([spelled((8, 32), 4, (48, 0))], None)[0])


@given(walks())
def test_every_schedule_has_the_same_finite_features(walk) -> None:
    task, tokens = walk
    schedule = task.decode(tokens)
    if not task.workload.static:
        return
    (found,) = task.features([schedule], schedule)
    # A family has a cost model, and features, of its own.
    assert list(found)[: len(NAMES)] == NAMES
    assert (len(found) > len(NAMES)) == bool(task.family)
    assert all(math.isfinite(value) for value in found.values())
    assert not any(value for name, value in found.items() if name.startswith(TO_IREE))
