# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures as people read them."""

from __future__ import annotations

import pytest

from tlm_mlir.compiler.explain.details import Details
from tlm_mlir.compiler.explain.figures import amount, duration, percent, work_done
from tlm_mlir.compiler.explain.work import Work
from tlm_mlir.compiler.report import Row


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (2457600, "2.46 MB")),
        *((999_900, "1000 kB"), (1.5e13, "15.0 TB")),
    ],
)
def test_amounts(number: float, text: str) -> None:
    assert amount(number, "B") == text


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        *((2.5, "seconds", "2.50 s"), (0.0219, "seconds", "21.9 ms"), (1e-7, "seconds", "0.10 us")),
        (231_211_008.4, "clocks", "231,211,008 clocks"),
    ],
)
def test_durations(number: float, unit: str, text: str) -> None:
    assert duration(number, unit) == text


@pytest.mark.parametrize(
    ("work", "text"),
    [
        (Work(1, 2000, 100), "2.00 kFLOP, 100 B"),
        (Work(3, 2000, 100), "2.00 kFLOP, 100 B, in 3 launches"),
        (Work(0, 0, 0), "once, when the program loads"),
        (None, ""),
    ],
)
def test_work(work: Work | None, text: str) -> None:
    row = Row("dispatch", "name", "left", "", "", "", None, "", "", Details(work=work))
    assert work_done(row) == text


def test_shares() -> None:
    found = [percent(share) for share in (None, 0.0, 0.1234, 1.0)]
    assert found == ["-", "0.0%", "12.3%", "100.0%"]
