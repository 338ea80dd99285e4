# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which dispatches are too small a part of a program to ask about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from samples import TARGETS, attention, elementwise, matmul

from tlm_mlir.compiler.choose import OPERATIONS_AN_ELEMENT, _small, _work
from tlm_mlir.ir.dispatch import Dispatch
from tlm_mlir.ir.reader import Reading
from tlm_mlir.ir.workload import DYNAMIC, Workload

CPU = TARGETS["avx512"]
NOTHING: Any = None


def dispatch(name: str, workload: Workload | None, at_load: bool = False) -> Dispatch:
    return Dispatch(name, NOTHING, NOTHING, "", at_load, Reading(workload))


def test_work_is_arithmetic_and_what_is_moved() -> None:
    copy = elementwise((40, 60))
    assert copy.moved == 2 * 40 * 60
    assert _work(copy) == copy.flops + OPERATIONS_AN_ELEMENT * copy.moved
    # Both operands and the result, then the bias; what the first op hands to the second stays.
    assert matmul().moved == 96 * 200 + 200 * 64 + 96 * 64 + 64 + 96 * 64


def test_the_least_dispatches_are_small_together() -> None:
    some = [
        dispatch("large", elementwise((100, 1000))),
        dispatch("first", elementwise((1000,))),
        dispatch("second", elementwise((900,))),
        dispatch("third", elementwise((950,))),
    ]
    # 900 and 950 of 102,850 are less than two percent, with 1,000 they are more.
    assert _small(some, CPU) == {"second", "third"}


def test_a_program_of_one_dispatch_is_asked_about() -> None:
    assert _small([dispatch("only", elementwise((3,)))], CPU) == set()


def test_what_is_never_small() -> None:
    wide = replace(attention(), extents=(1, 4, 64, 256, 4))
    some = [
        dispatch("large", elementwise((10_000_000,))),
        dispatch("wrong by default", wide),
        dispatch("slow by default", attention()),
        dispatch("dynamic", elementwise((DYNAMIC, 2))),
        dispatch("unread", None),
        dispatch("at load", elementwise((2,)), at_load=True),
    ]
    assert _small(some, CPU) == set()
