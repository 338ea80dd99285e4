# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which exports are run again, from given times: no code is run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tlm_mlir.measure import native, timer

POOL: Any = SimpleNamespace(threads=1)


class Executable:
    """Every run of an export takes the seconds that stand for it."""

    def run(
        self, pool: object, export: float, *, threads: int, budget: float = 0.0, limit: int = 1
    ) -> list[float]:
        return [export] * max(1, min(limit, int(budget / export)))


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "preemptions", lambda: 0)


def timed(*seconds: float, **options: int) -> list[timer.Timing]:
    executable: Any = Executable()
    exports: Any = seconds
    return timer.time_exports(executable, POOL, exports, **options)


def test_what_is_far_too_slow_is_run_once() -> None:
    slow, fast = timed(0.1, 0.001)
    assert (slow.runs, slow.disturbed) == (1, True) and not fast.disturbed


def test_a_reference_that_is_slow_is_believed() -> None:
    """A default ten times slower than schedules counted as disturbed, and left no record."""
    slow, fast = timed(0.1, 0.001, reference=0)
    assert (slow.seconds, slow.disturbed) == (0.1, False)
    assert (fast.seconds, fast.disturbed) == (0.001, False)
