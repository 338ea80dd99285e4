# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of a benchmark says whose schedules the time is in."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from tlm_mlir.bench.bench import OURS, Bench, Row
from tlm_mlir.bench.table import print_bench
from tlm_mlir.bench.verdict import RIGHT

SHARES = {"model": 0.5, "others": 0.25, "iree": 0.15, "left": 0.1}


def printed(report: dict[str, Any]) -> str:
    stream = io.StringIO()
    row = Row(OURS, (), RIGHT, median_ms=2.0, low_ms=1.9, high_ms=2.1, speedup=1.5)
    print_bench(Bench("m.mlir", 20, (row,), (), report), Console(file=stream, width=120))
    return stream.getvalue()


@pytest.mark.parametrize("shares", [SHARES, {}])
def test_a_benchmark_tells_who_wrote_how_much(shares: dict[str, float]) -> None:
    told = printed({"decisions": [], "added_seconds": 0.5, "written": shares})
    assert ("50% is in dispatches whose schedule the model wrote" in told) == bool(shares)
    assert "added 0.50 s to compiling" in told
