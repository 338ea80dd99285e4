# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`benchmarks/peers.py`: its table, and sides that are missing or fail."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from peer import worker
from peer.measure import OURS, STOCK, Measured, _compare, _fastest, _Running
from peer.network import NETWORKS
from peer.sides import SIDES
from peer.table import COLUMNS, TITLES, markdown

from tlm_mlir.bench.runner import Worker
from tlm_mlir.bench.values import Value, value_of
from tlm_mlir.bench.worker import answer as respond
from tlm_mlir.errors import MeasureError

ROOT = Path(__file__).resolve().parents[2]


def side(*seconds: float, problem: str = "", error: float | None = None) -> dict[str, Any]:
    return {
        "version": "1",
        "flags": ["--iree-opt-data-tiling"],
        "seconds": list(seconds),
        "error": error,
        "problem": problem,
    }


def report(sides: dict[str, Any], peak: float | None = 1e11) -> dict[str, Any]:
    row = {"network": "resnet50", "operations": 4_000_000_000, "peak": peak, "sides": sides}
    return {
        "machine": "a machine",
        "threads": 2,
        "rounds": 3,
        "versions": {"IREE": "3.13.0"},
        "networks": [row],
        "failed": {},
    }


def cells(text: str) -> dict[str, str]:
    head, _, row = text.splitlines()[:3]
    return dict(
        zip(*([cell.strip() for cell in line.split("|")] for line in (head, row)), strict=True)
    )


def test_the_table_has_medians_and_ratios_to_ours() -> None:
    sides = {
        STOCK: side(0.2, 0.6, 0.4),
        "best stock flags": side(0.12),
        OURS: side(0.1, 0.08, 0.3, error=1e-6),
        "OpenVINO": side(0.095, error=2e-6),
        "ONNX Runtime": side(problem="no export to ONNX: why"),
        "eager torch": side(1.2344),
    }
    text = markdown(report(sides))
    found = cells(text)
    assert found["network"] == "ResNet-50"
    assert found[STOCK] == "400 ms (4.00x)"
    assert found[OURS] == "**100 ms**"
    assert found["OpenVINO"] == "95.0 ms (0.95x)"
    assert found["ONNX Runtime"] == "fails"
    assert found["torch.compile"] == "–"
    assert found["eager torch"] == "1,234 ms (12.34x)"
    assert found["FLOPs / peak"] == "40.0 ms (0.40x)"
    assert "ResNet-50: ONNX Runtime: no export to ONNX: why." in text
    assert "ResNet-50: best stock flags `--iree-opt-data-tiling`." in text
    assert "values within 2.0e-06" in text


def test_a_row_without_ours_or_a_peak_has_no_ratios() -> None:
    text = markdown(report({STOCK: side(0.004), OURS: side(problem="wrong")}, peak=None))
    found = cells(text)
    assert (found[STOCK], found[OURS], found["FLOPs / peak"]) == ("4.00 ms", "fails", "–")


def test_the_table_has_a_column_for_every_side_and_the_networks_exist() -> None:
    assert {*SIDES} - {"peak"} <= {*COLUMNS}
    assert {*TITLES} <= {*NETWORKS}


def test_a_library_that_is_not_installed_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: worker.Worker, **_: object) -> str:
        import no_such_library  # noqa: F401

        return ""

    monkeypatch.setattr(worker.Worker, "load", load)
    answer = respond(worker.Worker(), {"do": "load", "side": "OpenVINO"}, worker._told)
    assert answer == {"error": "not installed: No module named 'no_such_library'"}


def test_a_side_whose_process_ends_is_left_out_and_says_why() -> None:
    dying = Worker([sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"])
    running = _Running(dying, Measured(version="1"))
    running.time()
    assert running.measured.problem == "the program ended its process (SIGSEGV)"
    running.time()
    assert running.seconds == []


class Answering:
    """A side's process whose results are given."""

    def __init__(self, *values: float) -> None:
        self.values = [value_of(np.array(values, np.float32))]
        self.closed = False

    def run(self) -> list[Value]:
        return self.values

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("last", "left_out"), [(2.0, False), (2.001, False), (2.01, True)])
def test_a_side_with_other_values_than_irees_default_is_left_out(
    last: float, left_out: bool
) -> None:
    process = Answering(1.0, last)
    running = _Running(process, Measured())  # type: ignore[arg-type]
    _compare(running, Answering(1.0, 2.0).values)
    assert running.measured.error == pytest.approx((last - 2) / 2, abs=1e-6)
    assert (bool(running.measured.problem), process.closed) == (left_out, left_out)
    assert ("values are off by" in running.measured.problem) == left_out


def test_the_fastest_stock_flags_are_those_with_right_values() -> None:
    slow, wrong, fast = (
        _Running(None, Measured(problem=problem), seconds=[seconds])
        for seconds, problem in ((2.0, ""), (0.5, "values are off"), (1.0, ""))
    )
    assert _fastest([slow, wrong, fast]) is fast
    assert _fastest([wrong]) is None


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_the_peak_is_a_side_like_any_other(tmp_path: Path) -> None:
    with Worker([sys.executable, "-m", "peer.worker"], cwd=ROOT / "benchmarks") as process:
        details = {"network": "", "folder": str(tmp_path), "threads": 1}
        with pytest.raises(MeasureError, match="there is no side 'nothing'"):
            process.ask("load", side="nothing", **details)
        process.ask("load", side="peak", **details)
        (operations,) = process.run()
        # No core does less than one operation a clock, nor more than a thousand.
        assert 1e8 < operations.array() / process.time(2) < 1e13
