# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`--measure`: what is measured decides, is remembered, and is told. Times are given, not taken;
tests/measure has the measuring itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tlm_mlir.cli import main
from tlm_mlir.compiler.driver import compile_file, plan
from tlm_mlir.compiler.explain.explanation import Explanation
from tlm_mlir.compiler.options import Options
from tlm_mlir.compiler.report import Report
from tlm_mlir.compiler.summary import details, summary
from tlm_mlir.errors import InputError
from tlm_mlir.measure import tuning_database
from tlm_mlir.measure.runner import Job, JobResult, Limits
from tlm_mlir.measure.tuning import LEAD, Tuner
from tlm_mlir.measure.worker import Measured
from tlm_mlir.policy.deciding import DEFAULT, SCHEDULED

ATTENTION = Path(__file__).resolve().parents[2] / "lit" / "attention.mlir"
HERE = Options(cpu="x86-64-v3", cores=1, graph=False)
Ratio = Callable[[int], float]
GOOD = Measured("ok", 1e-3, 9)


class Given:
    """Stands for `measure_batches`: `ratio` is a schedule's time over the default's, by place."""

    def __init__(self, ratio: Ratio, default: Measured = GOOD, error: str = "") -> None:
        self.ratio, self.default, self.error = ratio, default, error
        self.jobs: list[Job] = []
        self.wrong: set[int] = set()

    def __call__(
        self, jobs: Iterable[Job], *, on_result: Callable[[JobResult], None], limits: Limits
    ) -> None:
        for job in jobs:
            self.jobs.append(job)
            found = tuple(
                Measured("wrong_values", 1e-9, 9)
                if place in self.wrong
                else Measured("ok", 1e-3 * self.ratio(place), 9)
                for place, _ in enumerate(job.candidates)
            )
            on_result(JobResult(job, self.default, () if self.error else found, self.error))

    def schedules(self) -> list[str]:
        """All that was measured."""
        return [candidate["schedule"] for job in self.jobs for candidate in _texts(job)]


def _texts(job: Job) -> list[dict[str, str]]:
    return [dict(candidate) for candidate in job.candidates if isinstance(candidate, dict)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(tuning_database.VARIABLE, str(tmp_path / "tuning"))
    return tmp_path / "tuning"


def compiled(
    out: Path, given: Any = None, count: int = 3, options: Options = HERE, limit: float = 60.0
) -> Report:
    tuner = None if given is None else Tuner(count, limit, measure=given)
    return compile_file(ATTENTION, out, options, tuner=tuner)


def test_the_fastest_is_kept_and_remembered(tmp_path: Path) -> None:
    first, second = Given(lambda place: 0.5 + abs(place - 2) / 10), Given(lambda place: 1.0)
    report = compiled(tmp_path / "first.vmfb", first)
    (row,) = report.decisions
    assert len(first.schedules()) == 3
    assert (row.outcome, row.schedule) == (SCHEDULED, first.schedules()[2])
    assert row.details.iree and row.details.iree.measured == pytest.approx(1e-3)
    assert row.details.ours and row.details.ours.measured == pytest.approx(5e-4)
    again = compiled(tmp_path / "second.vmfb", second)
    assert not second.jobs
    assert (tmp_path / "first.vmfb").read_bytes() == (tmp_path / "second.vmfb").read_bytes()
    assert again.decisions[0].schedule == row.schedule and not again.warnings


def test_the_choice_without_measuring_is_measured_first(tmp_path: Path) -> None:
    plain, given = compiled(tmp_path / "a.vmfb"), Given(lambda place: 0.9 if place else 0.4)
    measured = compiled(tmp_path / "b.vmfb", given, count=1)
    assert given.schedules() == [plain.decisions[0].schedule]
    assert measured.decisions[0].schedule == plain.decisions[0].schedule
    assert (tmp_path / "a.vmfb").read_bytes() == (tmp_path / "b.vmfb").read_bytes()


def test_what_computes_wrong_values_is_not_kept(tmp_path: Path) -> None:
    given = Given(lambda place: 0.8)
    given.wrong = {0, 2}
    (row,) = compiled(tmp_path / "out.vmfb", given).decisions
    assert row.schedule == given.schedules()[1]
    notes = {other.schedule: other.note for other in row.details.others}
    assert notes[given.schedules()[0]] == "measured: wrong values"


def test_iree_s_default_stays_where_nothing_is_clearly_faster(tmp_path: Path) -> None:
    given = Given(lambda place: LEAD + 0.01 + place)
    (row,) = compiled(tmp_path / "out.vmfb", given).decisions
    assert (row.outcome, row.details.ours) == (DEFAULT, None)
    assert row.reason == "measured: the best of 3 other schedules takes 0.98x as long"


def test_more_schedules_are_measured_besides_those_that_are_known(tmp_path: Path) -> None:
    first, second = Given(lambda place: 0.9), Given(lambda place: 0.5)
    compiled(tmp_path / "first.vmfb", first, count=2)
    (row,) = compiled(tmp_path / "second.vmfb", second, count=5).decisions
    assert len(second.schedules()) == 3
    assert not set(first.schedules()) & set(second.schedules())
    assert row.schedule in second.schedules()
    assert {other.schedule for other in row.details.others} >= set(first.schedules())


@pytest.mark.parametrize(
    ("given", "limit", "told"),
    [
        (Given(lambda _: 0.1, replace(GOOD, disturbed=True)), 60.0, "other programs use the cores"),
        (Given(lambda _: 0.1, error="no C compiler"), 60.0, "what is chosen without is kept: no C"),
        (Given(lambda _: 0.1), 1e-9, "measuring ended after 1e-09 s; the next compile goes on"),
    ],
    ids=["busy", "fault", "out of time"],
)
def test_what_cannot_be_measured_is_chosen_without(
    tmp_path: Path, given: Given, limit: float, told: str
) -> None:
    compiled(tmp_path / "plain.vmfb")
    (warning,) = compiled(tmp_path / "out.vmfb", given, limit=limit).warnings
    assert warning.startswith("1 dispatch was not measured, and ") and told in warning
    assert (tmp_path / "plain.vmfb").read_bytes() == (tmp_path / "out.vmfb").read_bytes()
    # Nothing was remembered: it is measured once it can be.
    later = Given(lambda _: 0.2)
    assert not compiled(tmp_path / "later.vmfb", later).warnings and later.jobs


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (replace(HERE, cpu="neoverse-n1", triple="aarch64-linux-gnu"), "not for the CPU of this"),
        (replace(HERE, target="vulkan", arch="ampere", cpu="host"), "not for the CPU of this"),
        (replace(HERE, cores=4096), "is for 4096 cores and "),
    ],
    ids=["another CPU", "a GPU", "more cores"],
)
def test_a_target_that_this_machine_cannot_run(tmp_path: Path, options: Options, told: str) -> None:
    plain, out = tmp_path / "plain.vmfb", tmp_path / "out.vmfb"
    source = ATTENTION.with_name("matmul.mlir")
    compile_file(source, plain, options)
    given = Given(lambda _: 0.1)
    report = compile_file(source, out, options, tuner=Tuner(2, measure=given))
    (warning,) = report.warnings
    assert warning.startswith("nothing was measured: the program ") and told in warning
    assert not given.jobs and plain.read_bytes() == out.read_bytes()


@pytest.mark.parametrize("fault", ["version", "damaged", "folder"])
def test_a_database_that_cannot_be_used(tmp_path: Path, folder: Path, fault: str) -> None:
    path, flags = tuning_database.path(HERE.flags()), HERE.flags()
    if fault == "folder":
        folder.write_text("a file")
    elif fault == "damaged":
        folder.mkdir()
        path.write_bytes(b"no database" * 1000)
    else:
        tuning_database.opened(flags).close()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 999")
    given = Given(lambda _: 0.1)
    (warning,) = compiled(tmp_path / "out.vmfb", given).warnings
    assert warning.startswith("nothing was measured: the ") and str(folder) in warning
    assert not given.jobs and (tmp_path / "out.vmfb").exists()


def test_other_systems_are_told_that_measuring_needs_linux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlm_mlir.measure.native.sys.platform", "darwin")
    (warning,) = compiled(tmp_path / "out.vmfb", Given(lambda _: 0.1)).warnings
    assert warning.startswith("nothing was measured: measuring needs Linux and this is darwin")


def test_it_is_told_in_text_in_a_page_and_in_a_report(tmp_path: Path) -> None:
    given = Given(lambda place: 0.5 + place)
    explanation = plan(ATTENTION, HERE, tuner=Tuner(2, measure=given)).explain()
    line = "  measured  IREE's default 1.00 ms, ours 500 us: 2.00x"
    assert line in explanation.text().splitlines()
    assert "measured: takes 3.00x as long as what is done" in " ".join(explanation.text().split())
    pytest.importorskip("jinja2")
    assert "<dt>measured</dt><dd>IREE&#39;s default 1.00 ms, ours 500 us" in explanation.html()
    explanation.report.write(tmp_path / "report.json")
    assert Explanation(Report.read(tmp_path / "report.json")).text() == explanation.text()
    assert details(explanation.report)[0].endswith("(measured 2.00x as fast as IREE's)")
    assert "1 dispatch scheduled, 1 of them measured; " in summary(explanation.report, "out")


@pytest.mark.parametrize("count", [0, -1])
def test_less_than_one_schedule_is_refused(count: int) -> None:
    with pytest.raises(InputError, match=f"--measure {count} has nothing to measure; "):
        Tuner(count)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--measure", "0"], "--measure 0 has nothing to measure"),
        (["--measure", "2", "--measure-limit", "0"], "--measure-limit 0 is no time"),
        (["--measure", "2", "--measure-limit", "nan"], "--measure-limit nan is no time"),
        (["--measure-limit", "5"], "--measure-limit is for measuring; give --measure K, too"),
        (["--measure", "2", "--script", "s.mlir"], "--measure has nothing to choose beside"),
    ],
)
def test_bad_flags_are_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    out = tmp_path / "out.vmfb"
    assert main(["compile", str(ATTENTION), "-o", str(out), *arguments]) == 1
    assert capsys.readouterr().err.startswith(f"tlm-mlir: error: {told}")
    assert not out.exists()


def test_a_report_is_not_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    plan(ATTENTION, HERE).explain().report.write(path)
    assert main(["explain", str(path), "--measure", "2"]) == 1
    assert "is a report, which has what was measured" in capsys.readouterr().err
