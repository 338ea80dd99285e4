# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`benchmarks/never_worse.py`: what counts as slower, what is not timed, and runs that go on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tlm_mlir.bench import running, suite
from tlm_mlir.bench.bench import OURS, STOCK
from tlm_mlir.bench.compiling import Compiled
from tlm_mlir.bench.journal import Journal
from tlm_mlir.bench.running import Case, time_all
from tlm_mlir.bench.suite import (
    FAILS,
    MEASURED,
    NO_PROGRAM,
    SAME,
    STOCK_FAILS,
    Outcome,
    Program,
    outcome_of,
    programs_in,
    run_suite,
)
from tlm_mlir.bench.suite_report import geometric_mean, report_suite
from tlm_mlir.compiler.options import Options
from tlm_mlir.errors import InputError

TEXT = """func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = arith.addf %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}"""


class Machine:
    """Compilers that write bytes, and a clock: each timing takes the next pair of seconds."""

    def __init__(self, stock: str = "stock", ours: str = "ours", why: str = "") -> None:
        self.stock, self.ours, self.why = stock, ours, why
        self.timings: list[tuple[float, float]] = []
        self.cases: list[suite.Case] = []
        self.failed: dict[str, str] = {}

    def compile_stock(self, name, source, flags, extra, out) -> Compiled:  # type: ignore[no-untyped-def]
        out.write_text(self.stock)
        return Compiled(name, (), out, 0.0, reason="" if self.stock else "IREE says why")

    def compile_ours(self, source, options, out) -> Compiled:  # type: ignore[no-untyped-def]
        out.write_text(self.ours)
        return Compiled(OURS, (), out, 0.0, reason=self.why)

    def call_all(self, programs, case):  # type: ignore[no-untyped-def]
        return {name: [[], []] for name in programs if name not in self.failed}, self.failed

    def time_all(self, programs, case):  # type: ignore[no-untyped-def]
        self.cases.append(case)
        stock, ours = self.timings.pop(0)
        # A disturbance hits both.
        samples = [(stock, ours), (9 * stock, 9 * ours), (stock, ours)]
        return {STOCK: [each[0] for each in samples], OURS: [each[1] for each in samples]}, {}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    def outcome(machine: Machine) -> Outcome:
        for name in ("compile_stock", "compile_ours", "call_all", "time_all"):
            monkeypatch.setattr(suite, name, getattr(machine, name))
        path = tmp_path / "in.mlir"
        path.write_text(TEXT)
        (found,) = run_suite([Program("cases/in", lambda _: (path, ()))], Options())
        assert not machine.timings
        return found

    return outcome


def test_the_same_bytes_are_not_timed(run) -> None:  # type: ignore[no-untyped-def]
    found = run(Machine("same", "same"))
    assert (found.status, found.ratio, found.behind) == (SAME, 1.0, False)


def test_a_program_that_is_not_behind_is_timed_once(run) -> None:  # type: ignore[no-untyped-def]
    machine = Machine()
    machine.timings = [(0.96, 1.0)]
    found = run(machine)
    assert (found.status, found.ratio, found.ratios) == (MEASURED, 0.96, (0.96,))
    assert (found.stock_ms, found.ours_ms) == (960, 1000)


def test_one_that_is_behind_is_timed_again_and_longer_before_it_is_called_so(run) -> None:  # type: ignore[no-untyped-def]
    machine = Machine()
    machine.timings = [(0.5, 1.0), (1.0, 1.0), (0.9, 1.0), (0.99, 1.0)]
    found = run(machine)
    assert found.ratios == (0.5, 1.0, 0.9, 0.99)
    assert (found.ratio, found.behind) == (0.99, False)
    first, *others = machine.cases
    assert all(case.seconds > first.seconds and case.rounds > first.rounds for case in others)
    machine.timings = [(0.5, 1.0), (0.9, 1.0), (0.8, 1.0), (0.99, 1.0)]
    assert run(machine).behind


def test_what_fails_says_whose_failure_it_is(run) -> None:  # type: ignore[no-untyped-def]
    assert run(Machine(stock="")).status == STOCK_FAILS
    found = run(Machine(why="a sentence"))
    assert (found.status, found.reason) == (FAILS, "a sentence")
    machine = Machine()
    machine.failed = {OURS: "the program ended its process (SIGSEGV)"}
    assert run(machine).status == FAILS


def test_a_program_that_cannot_be_made_is_no_failure_of_stock() -> None:
    def make(folder: Path) -> suite.Files:
        raise InputError("it cannot be exported")

    (found,) = run_suite([Program("networks/x", make)], Options())
    assert (found.status, found.reason) == (NO_PROGRAM, "it cannot be exported")
    assert report_suite([found]) == 1


def test_programs_are_named_by_their_set_and_place(tmp_path: Path) -> None:
    (tmp_path / "types").mkdir()
    for name in ("b.mlir", "types/a.mlir", "c.txt"):
        (tmp_path / name).write_text("")
    names = [each.name for each in programs_in([tmp_path], "cases")]
    assert names == ["cases/b", "cases/types/a"]


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    first = Outcome("cases/a", MEASURED, 2.0, 2.0, 1.0, (2.0,), ("matmul: packed (2.00x)",))
    journal = Journal(path, {"cores": 2})
    assert journal.read() == []
    journal.add([asdict(first)])
    with path.open("a") as file:
        file.write(json.dumps(asdict(first))[:20])
    assert [outcome_of(row) for row in journal.read()] == [first]
    second = Outcome("cases/b", FAILS, reason="why")
    journal.add([asdict(second)])
    found = [outcome_of(row) for row in journal.read()]
    assert found == [first, second]
    assert geometric_mean(found) == 2.0
    with pytest.raises(InputError, match="another machine"):
        Journal(path, {"cores": 4}).read()


def test_the_report_names_what_is_behind_and_what_fails(capsys: pytest.CaptureFixture[str]) -> None:
    good = Outcome("cases/good", SAME, 1.0)
    slow = Outcome("one_op/slow", MEASURED, 0.9, 0.9, 1.0, (0.8, 0.9), ("matmul: packed",))
    refused = Outcome("cases/refused", STOCK_FAILS, reason="IREE says why")
    assert report_suite([good, refused]) == 0
    assert report_suite([good, slow, refused]) == 1
    printed = capsys.readouterr().out
    assert "one_op/slow: 0.90x (0.80, 0.90), 0.900 ms and 1.000 ms; matmul: packed" in printed
    assert "cases/refused: stock fails: IREE says why" in printed


class Clock:
    """Programs that take as long as they are told, and the time that passes with them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self.now, self.seconds, self.samples = 0.0, seconds, 0
        monkeypatch.setattr(running.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(Case, "runner", lambda case, path: self)

    def __enter__(self) -> Clock:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def time(self, calls: int = 1) -> float:
        self.now += calls * self.seconds
        self.samples += 1
        return self.seconds


@pytest.mark.parametrize(
    ("seconds", "rounds", "limit", "samples"),
    [(1.0, 7, 3.0, 7), (2**-10, 7, 3.0, 308), (2**-10, 7, 0.0, 7), (1.0, 1200, 0.0, 1200)],
)
def test_samples_are_taken_until_a_time_has_passed(
    monkeypatch: pytest.MonkeyPatch, seconds: float, rounds: int, limit: float, samples: int
) -> None:
    clock = Clock(monkeypatch, seconds)
    case = Case("", (), Path("values"), rounds, seconds=limit, sample_seconds=10e-3)
    found, failed = time_all({"one": (Path("one"), False)}, case)
    assert (len(found["one"]), failed) == (samples, {})
    assert clock.samples == samples + 2
