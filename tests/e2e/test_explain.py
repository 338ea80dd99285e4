# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is told of decisions: as text, as a report, as a page."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import tlm_mlir
from tlm_mlir.cli import main
from tlm_mlir.compiler.report import SCHEMA, Report
from tlm_mlir.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
ATTENTION = ROOT / "lit" / "attention.mlir"
ZEN3 = tlm_mlir.Options(cpu="znver3", cores=2)
TWICE = """
func.func @main(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x64xf32>) -> tensor<64x64xf32>
  %x = linalg.matmul ins(%a, %b : tensor<64x64xf32>, tensor<64x64xf32>)
      outs(%fill : tensor<64x64xf32>) -> tensor<64x64xf32>
  %y = linalg.matmul ins(%x, %b : tensor<64x64xf32>, tensor<64x64xf32>)
      outs(%fill : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %y : tensor<64x64xf32>
}
"""


@pytest.fixture(scope="module")
def explanation() -> tlm_mlir.Explanation:
    return tlm_mlir.schedule(ATTENTION, replace(ZEN3, graph=False)).explain()


def test_a_dispatch_is_told_of(explanation: tlm_mlir.Explanation) -> None:
    (row,) = explanation.report.decisions
    found = row.details
    assert row.location == f"{ATTENTION}:19:8"
    assert found.op == "attention 4x64x32x32x48 f32 and 1 more op"
    assert found.work is not None and found.work.launches == 1
    assert found.share == pytest.approx(1.0)
    assert found.iree is not None and found.iree.words == (
        "8 columns in registers; 4 of 48 keys at a time; a workgroup has 1 of 4 heads by 32 of 64"
        " queries by all 32 columns; keys step by step"
    )
    assert "vector_common_parallel = [1, 1, 8, 0, 0]" in found.configuration
    assert found.ours is not None and found.ours.words.endswith("; keys step by step")
    assert found.ours.predicted == row.predicted is not None
    assert found.ours.schedule == row.schedule


def test_the_text_says_it(explanation: tlm_mlir.Explanation) -> None:
    lines = str(explanation).splitlines()
    assert lines[0].endswith(
        "for llvm-cpu: 1 dispatch, 0 earlier decisions; 1 scheduled"
    )
    assert lines[1] == (
        "of the least time, 100% is in dispatches whose schedule the model wrote; 0% a sketch or a"
        " script; 0% IREE's default; 0% left to IREE"
    )
    assert any(line.startswith("100.0%  dispatch main_dispatch_0_attention") for line in lines)
    labels = [line.split()[0] for line in lines[3:] if line.startswith("  ") and line[2] != " "]
    assert labels == ["computes", "work", "IREE", "ours", "gain"]
    assert all(len(line) <= 60 for line in explanation.text(60).splitlines()[4:])


def test_the_document_shows_what_is_said(explanation: tlm_mlir.Explanation) -> None:
    """All but what the model writes, and its gain."""
    text = (ROOT / "docs" / "explain.md").read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (shown,) = (block for language, block in blocks if not language)
    lines = str(explanation).replace(f"{ROOT}/", "").splitlines()[3:]
    ours = next(place for place, line in enumerate(lines) if line.startswith("  ours"))
    assert lines[:ours] == shown.splitlines()[:ours] and ours == 5
    assert shown.splitlines()[-1].startswith("  gain") and lines[-1].startswith("  gain")


def test_a_report_is_read_as_it_was_written(
    explanation: tlm_mlir.Explanation, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    explanation.report.write(path)
    assert json.loads(path.read_text())["schema"] == SCHEMA
    assert Report.read(path) == explanation.report


def change(report: Report, **fields: object) -> str:
    return json.dumps({**json.loads(report.to_json()), **fields})


def test_reports_that_are_refused(explanation: tlm_mlir.Explanation, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    other = f"report.json is a report of schema {SCHEMA + 1} and this version reads schema"
    for text, reason in [
        (change(explanation.report, schema=SCHEMA + 1), other),
        (change(explanation.report, decisions=[{"name": "x"}]), "report.json is a damaged report"),
        ("{}", "report.json is no report of tlm-mlir; write one with"),
        ("no json", "report.json is no report of tlm-mlir; write one with"),
    ]:
        path.write_text(text)
        with pytest.raises(InputError, match=reason):
            Report.read(path)


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_needs_nothing_else(explanation: tlm_mlir.Explanation) -> None:
    pytest.importorskip("matplotlib", reason="the extra `explain` is not installed")
    html = explanation.html()
    page = Page(html)
    assert html == explanation.html()
    names = [tag for tag, _ in page.tags]
    assert names.count("svg") == 2 and names.count("article") == 1
    assert not {"script", "link", "img", "iframe"} & set(names)
    assert not any("src" in attributes for _, attributes in page.tags)
    links = [attributes.get("xlink:href", "#") for _, attributes in page.tags]
    assert all(str(link).startswith("#") for link in links)
    (row,) = explanation.report.decisions
    assert row.details.iree and row.details.ours
    for text in (row.name, row.location, row.schedule, row.details.iree.words):
        assert text in page.text
    assert row.details.ours.words in page.text and "predicted by a cost model" in page.text
    assert "operations in a clock" in page.text


def test_names_of_a_program_are_no_html(explanation: tlm_mlir.Explanation, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `explain` is not installed")
    path = tmp_path / "report.json"
    path.write_text(change(explanation.report, module="<script>alert(1)</script>"))
    html = tlm_mlir.Explanation(Report.read(path)).html()
    assert "<script" not in html and "&lt;script&gt;" in html


def test_a_page_without_its_extra(
    explanation: tlm_mlir.Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(InputError, match=r"pages need jinja2.*pip install tlm-mlir\[explain\]"):
        explanation.html()


def test_a_dispatch_that_is_launched_twice_counts_twice() -> None:
    report = tlm_mlir.schedule(TWICE, ZEN3).explain().report
    (dispatch,) = report.dispatches
    assert dispatch.details.work is not None and dispatch.details.work.launches == 2
    assert dispatch.details.work.operations == 2 * 2 * 64**3
    assert dispatch.details.share == pytest.approx(1.0)
    early = [row for row in report.decisions if row.point == "packing"]
    assert [row.details.share for row in early] == [pytest.approx(0.5)] * 2
    assert all(row.details.unit == "seconds" for row in early)
    assert all(row.details.iree and row.details.iree.estimated for row in early)


def test_what_is_dynamic_has_no_estimate() -> None:
    """The estimate of a matmul with an extent of -1 was a complex number."""
    case = ROOT / "tests" / "cases" / "c23_dynamic_seq_head.mlir"
    report = tlm_mlir.schedule(case, ZEN3).explain().report
    dynamic = [row for row in report.decisions if row.details.op and not row.details.work]
    assert {row.point for row in dynamic} >= {"packing"}
    ways = [way for row in dynamic for way in (row.details.iree, row.details.ours) if way]
    assert [way.estimated for way in ways] == [None] * len(ways)
    assert all(row.details.share is None for row in dynamic)


def test_the_command_reads_what_a_compile_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, page = tmp_path / "report.json", tmp_path / "page.html"
    target = ["--cpu", "znver3", "--cores", "2"]
    out = ["-o", str(tmp_path / "out.vmfb"), "--report-out", str(report)]
    assert main(["compile", str(ATTENTION), *target, *out]) == 0
    assert main(["explain", str(ATTENTION), *target]) == 0
    planned = capsys.readouterr().out
    assert main(["explain", str(report), "--html", str(page)]) == 0
    assert capsys.readouterr().out == planned
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_nothing_is_written_where_a_report_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, page = tmp_path / "report.json", tmp_path / "page.html"
    report.write_text('{"schema": 0}')
    assert main(["explain", str(report), "--html", str(page)]) == 1
    assert "is a report of schema 0 and this version reads" in capsys.readouterr().err
    assert not page.exists()
