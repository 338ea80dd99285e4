# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A program's dispatch measured on this machine, for a compile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlm_mlir.compiler.driver import compile_file
from tlm_mlir.compiler.options import Options
from tlm_mlir.measure import tuning_database
from tlm_mlir.measure.tuning import LEAD, Tuner
from tlm_mlir.policy.deciding import DEFAULT, IREE, MODEL, SCHEDULED

ATTENTION = Path(__file__).resolve().parents[2] / "lit" / "attention.mlir"
HERE = Options(cores=1, graph=False)


def test_a_second_compile_measures_nothing_and_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(tuning_database.VARIABLE, str(tmp_path / "tuning"))
    for _ in range(3):
        tuner = Tuner(3)
        report = compile_file(ATTENTION, tmp_path / "first.vmfb", HERE, tuner=tuner)
        if tuner.measured:
            break
        # It says why, and chooses as it does without.
        (warning,) = report.warnings
        assert "other programs use the cores" in warning
    else:
        pytest.skip("other programs use the cores")
    with tuning_database.opened(HERE.flags()) as database:
        found = list(database.records())
    assert len(found) == 4 and {record.status for record in found} == {"ok"}
    (row,) = report.decisions
    best = min(record.seconds or 1.0 for record in found) / (found[0].default_seconds or 1.0)
    assert row.outcome == (SCHEDULED if best <= LEAD else DEFAULT)
    assert row.author == (MODEL if best <= LEAD else IREE)
    again = Tuner(3)
    compile_file(ATTENTION, tmp_path / "second.vmfb", HERE, tuner=again)
    assert not again.measured and not again.warnings
    assert (tmp_path / "first.vmfb").read_bytes() == (tmp_path / "second.vmfb").read_bytes()
