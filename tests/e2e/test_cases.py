# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every case that stock IREE compiles, tlm-mlir compiles, with the same values."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from case_worker import apart

from tlm_mlir.bench.values import value_of

CASES = Path(__file__).resolve().parents[1] / "cases"
WORKER = Path(__file__).with_name("case_worker.py")
FAILING: dict[str, str] = {}
"""Defects that are known. Whoever mends one takes it out."""


class Worker:
    """A process that runs cases, replaced when one of them ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, path: Path, *, stock: bool) -> dict[str, Any]:
        """The outcome of a case; where the process died, the step that it was in."""
        process = self._process or subprocess.Popen(
            [sys.executable, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._process = process
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps({"path": str(path), "stock": stock}) + "\n")
        process.stdin.flush()
        step = "start"
        for line in process.stdout:
            found: dict[str, Any] = json.loads(line)
            if "step" not in found:
                return found
            step = found["step"]
        self.close()
        return {"died": step}

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    found = Worker()
    yield found
    found.close()


def cases() -> list[Any]:
    """All cases, those that are known to fail marked."""
    found = []
    for path in sorted(CASES.rglob("*.mlir")):
        reason = FAILING.get(path.stem)
        marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
        found.append(pytest.param(path, id=path.stem, marks=marks))
    return found


@pytest.mark.parametrize("path", cases())
def test_values_are_those_of_stock(path: Path, worker: Worker) -> None:
    outcome = worker.run(path, stock=True)
    if "stock" in outcome or str(outcome.get("died")).startswith("stock"):
        outcome = worker.run(path, stock=False)
        assert set(outcome) == {"refused"} and "\n" not in outcome["refused"], outcome
        return
    assert "apart" in outcome, outcome
    assert outcome["apart"], "a case must return or change something"
    assert all(error <= rounded for error, rounded in outcome["apart"]), outcome


def test_other_values_are_apart() -> None:
    for wanted in (np.arange(12, dtype=np.int32), np.linspace(0, 1, 12, dtype=np.float32)):
        changed = wanted.copy()
        changed[3] += wanted[1]
        ((error, rounded),) = apart([value_of(changed)], [value_of(wanted)], rounded=1e-4)
        assert error > rounded
        ((error, rounded),) = apart([value_of(wanted)], [value_of(wanted)], rounded=1e-4)
        assert error <= rounded


def test_known_failures_are_cases() -> None:
    assert set(FAILING) <= {path.stem for path in CASES.rglob("*.mlir")}
