# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The campaign of values (`benchmarks/values.py`): what it compiles, and what it sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tlm_mlir.bench import campaign, value_programs
from tlm_mlir.bench.campaign import (
    CRASHED,
    DEFAULT_FAILS,
    FAMILIES,
    REFUSED,
    RIGHT,
    WRONG,
    Batch,
    check,
)
from tlm_mlir.errors import CompileError, MeasureError
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.iree.session import Session


def seed_of(family: str, what: str) -> int:
    """The first seed whose program's name has a part."""
    kinds, types = FAMILIES[family].kinds, FAMILIES[family].types
    names = (value_programs.draw(seed, kinds, types).name for seed in range(1000))
    return next(seed for seed, name in enumerate(names) if what in name)


@pytest.mark.parametrize("family", FAMILIES)
def test_programs_are_mlir_and_the_same_for_a_seed(family: str) -> None:
    session = Session(CPU_FLAGS)
    kinds, types = FAMILIES[family].kinds, FAMILIES[family].types
    names = set()
    for seed in range(40):
        program = value_programs.draw(seed, kinds, types)
        assert program == value_programs.draw(seed, kinds, types)
        session.parse_text(program.text)
        names.add(program.name)
    assert len(names) > 30


def test_packed_weights_are_scheduled_and_right() -> None:
    seed = seed_of("packed", "matmul_")
    found = check(Batch("packed", seed, (0, 1)))
    assert [row.status for row in found] == [RIGHT, RIGHT], found
    for row in found:
        assert any("graph:packed @block" in text for text in row.schedules)
        assert any("pipeline:panel" in text for text in row.schedules)


@pytest.fixture
def batch() -> Batch:
    return Batch("packed", seed_of("packed", "_residual"), (0,))


@pytest.mark.parametrize(
    ("place", "by", "status"), [(0, 1.0, WRONG), (1, 1.0, WRONG), (1, 1e-6, RIGHT)]
)
def test_one_wrong_element_is_seen(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, place: int, by: float, status: str
) -> None:
    results = campaign._Runs.results

    def off(self: Any, path: Path) -> Any:
        found = results(self, path)
        if path.name != "default.vmfb":
            values = np.array(found[place][0])
            values.flat[-1] += by * np.abs(values).max()
            found[place][0] = values
        return found

    monkeypatch.setattr(campaign._Runs, "results", off)
    (row,) = check(batch)
    assert row.status == status
    if status == WRONG:
        assert row.reason.partition(" of ")[0] == f"{('integers', 'floats')[place]}: 1"


def test_a_candidate_that_is_refused_or_does_not_run_says_so(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise CompileError("IREE says why")

    def fail(*_: Any) -> Any:
        raise MeasureError("the program cannot be called")

    def break_down(*_: Any, **__: Any) -> Any:
        raise ValueError("zip")

    monkeypatch.setattr(campaign, "compile_file", refuse)
    assert [(row.status, row.reason) for row in check(batch)] == [(REFUSED, "IREE says why")]
    monkeypatch.setattr(campaign, "compile_file", break_down)
    assert [(row.status, row.reason) for row in check(batch)] == [(CRASHED, "ValueError: zip")]
    monkeypatch.undo()
    monkeypatch.setattr(campaign._Runs, "default", fail)
    assert [row.status for row in check(batch)] == [DEFAULT_FAILS]
    monkeypatch.undo()
    results = campaign._Runs.results

    def fail_later(self: Any, path: Any) -> Any:
        if path.name != "default.vmfb":
            fail()
        return results(self, path)

    monkeypatch.setattr(campaign._Runs, "results", fail_later)
    assert [row.status for row in check(batch)] == [CRASHED]
