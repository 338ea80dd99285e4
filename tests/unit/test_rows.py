# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The reader of records: what it gives generator and cost model alike, and what it leaves out."""

from __future__ import annotations

import json
import lzma
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import TARGETS, convolution, matmul

from tlm_mlir.errors import RecordError
from tlm_mlir.iree.release import installed_iree
from tlm_mlir.language import vocabulary
from tlm_mlir.measure.bundle_builder import CONFIGURATION
from tlm_mlir.measure.database import read_records
from tlm_mlir.measure.lines import canonical, write_lines
from tlm_mlir.measure.versions import versions
from tlm_mlir.targets import registry
from tlm_mlir.training.records.rows import (
    OTHER_IREE,
    OTHER_WORDS,
    OUTSIDE,
    USED,
    Reader,
    read_lines,
    targets,
)

MODEL = Path(__file__).resolve().parents[2] / "model"
RECORDS = sorted((MODEL / "records").glob("*.jsonl.xz"))
CPU, OTHER = TARGETS["avx512"], TARGETS["avx2"]
TASK = registry.task(matmul(), CPU)
A, B = sorted({TASK.text(TASK.random(np.random.default_rng(seed))) for seed in range(9)})[:2]
DEFAULT = "pipeline:default <end>"


def row(schedule: str = A, seconds: float | None = 1.0, **more: Any) -> dict[str, Any]:
    known = {
        **{"workload": json.loads(matmul().to_json()), "target": json.loads(CPU.to_json())},
        **{"schedule": schedule, "seconds": seconds, "default_seconds": 2.0, "status": "ok"},
        "versions": versions(),
    }
    return {**known, **more}


def test_where_inputs_come_from_is_part_of_a_task(tmp_path: Path) -> None:
    path = tmp_path / "graph.jsonl"
    known = [{"sources": ["stored", "constant"]}, {"sources": ["stored", "stored"]}, {}]
    lines = [row("graph:tiled <end>", statics=statics) for statics in known]
    path.write_text("".join(canonical(line) + "\n" for line in lines))
    found = [rows.task.sources for rows in Reader([path])]
    assert found == [("stored", "constant"), ("stored", "stored"), ()]


@pytest.fixture
def reader(tmp_path: Path) -> Any:
    """A reader of rows that stand in a file."""

    def made(*rows: dict[str, Any], iree: str | None = None) -> Reader:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(canonical(row) + "\n" for row in rows))
        return Reader([path], iree)

    return made


def counts(reader: Reader) -> Counter[str]:
    (found,) = reader.counts.values()
    return found


def test_rows_by_task_and_in_what_they_are_worth(reader: Any) -> None:
    own = {CONFIGURATION: "what IREE chose"}
    read = reader(
        row(DEFAULT, 2.0, statics=own),
        row(B, 1.0, predicted=True, versions=None),
        row(A, 1.0),
        row(A, None, status="timeout", target=json.loads(OTHER.to_json())),
        {**row(), "schedules": [A, B]},
    )
    first, second = read
    assert (first.workload, first.target) == (matmul().to_json(), CPU.to_json())
    assert [(m.text, m.ratio) for m in first.measured] == [(DEFAULT, 1.0), (A, 0.5)]
    assert [m.schedule for m in first.measured] == [TASK.parse(DEFAULT), TASK.parse(A)]
    assert [m.text for m in first.predicted] == [B] and first.unmeasured == (A, B)
    assert first.configuration == "what IREE chose"
    assert second.task.target == OTHER and second.measured[0].ratio is None
    assert counts(read) == {USED: 6}


def test_schedules_outside_of_todays_space_are_counted_and_left_out(reader: Any) -> None:
    bad = "pipeline:conv <end>"
    read = reader(row(bad), row(A), {**row(), "schedules": [bad, B]}, row("no word of ours <end>"))
    (rows,) = read
    assert [m.text for m in rows.measured] == [A] and rows.unmeasured == (B,)
    assert counts(read) == {USED: 2, OUTSIDE: 3}
    assert read.summary().endswith("5 schedules, 2 used, 3 outside of today's space")


def test_records_of_another_compiler_are_counted_and_left_out(reader: Any) -> None:
    later = {**versions(), "iree": "99.0.0"}
    some = (row(A), row(B, versions=later), row(B, 1.0, predicted=True, versions=None))
    read = reader(*some)
    (rows,) = read
    assert read.iree == installed_iree()
    assert [m.text for m in rows.measured] == [A] and [m.text for m in rows.predicted] == [B]
    assert counts(read) == {USED: 2, OTHER_IREE: 1}
    read = reader(*some, iree="99.0.0")
    (rows,) = read
    assert [m.text for m in rows.measured] == [B]
    assert counts(read) == {USED: 2, OTHER_IREE: 1}


def test_records_of_words_that_we_do_not_begin_with_are_left_out(reader: Any) -> None:
    earlier = vocabulary.digest(vocabulary.TOKENS[:-3])
    known = {**versions(), "vocabulary": earlier}
    read = reader(row(A, versions=known), row(B, versions={**known, "vocabulary": "0" * 16}))
    (rows,) = read
    assert [m.text for m in rows.measured] == [A]
    assert counts(read) == {USED: 1, OTHER_WORDS: 1}


def test_graph_decisions_are_another_question(reader: Any) -> None:
    workload = json.loads(convolution().to_json())
    read = reader(row("graph:leave <end>", workload=workload), row(DEFAULT, workload=workload))
    assert [rows.task.question.token for rows in read] == ["graph", "decide"]


def test_a_workload_is_read_wherever_it_stands_in_a_line(tmp_path: Path) -> None:
    """Its text is kept for all lines that end in it, which those of bundles' runners do not."""
    whole, path = row(), tmp_path / "rows.jsonl"
    turned = dict(reversed(sorted(whole.items())))
    assert next(iter(turned)) == "workload"
    nested = row(statics={"workload": {"a": 1}, "zz": [{"workload": 1}]})
    lines = [canonical(whole), json.dumps(turned), canonical(nested), canonical(whole)]
    path.write_text("\n".join(lines))
    text = matmul().to_json()
    found = [each for _, each in read_lines(path)]
    assert found == [{**each, "workload": text} for each in (whole, whole, nested, whole)]


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.xz"
    write_lines(path, [row(A), row(B)])
    (rows,) = Reader([path])
    assert [m.text for m in rows.measured] == [A, B]
    assert targets([path, path]) == [CPU.to_json()]
    path.write_bytes(path.read_bytes()[:-20])
    for bad in (path, tmp_path / "no.jsonl"):
        with pytest.raises(RecordError, match="cannot be read"):
            list(Reader([bad]))


@pytest.mark.parametrize("line", ["{", "[]", '"workload":1}', '{"workload":1}}'])
def test_damaged_lines_are_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(f"{canonical(row())}\n{line}\n")
    with pytest.raises(RecordError, match="line 2 is damaged"):
        list(Reader([path]))


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"target": {}}, "line 1, lacks 'schedule'"),
        ({"target": {}, "schedule": "a <end>"}, "lacks 'workload'"),
        (row(A, None), "line 1, has status ok but None seconds"),
        (row(A, -1.0), "-1.0 seconds"),
        (row(A, default_seconds=None), "None seconds"),
        (row(A, versions={"vocabulary": "0"}), "does not say which IREE compiled it"),
    ],
)
def test_rows_that_do_not_belong_are_refused(
    reader: Any, bad: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RecordError, match=sentence):
        list(reader(bad))


def test_every_record_carries_a_vocabulary_that_ours_begins_with() -> None:
    """Also a check that no word was ever changed or put between others."""
    found = {
        (record.iree, json.loads(record.versions)["vocabulary"])
        for path in RECORDS
        for record in read_records(path)
    }
    assert found and {digest for _, digest in found} <= set(vocabulary.prefixes())
    assert {iree for iree, _ in found} == {"3.13.0"}


@pytest.fixture(scope="module")
def released() -> Reader:
    reader = Reader(RECORDS)
    assert sum(1 for _ in reader) > 3000
    return reader


def test_every_released_record_is_used_or_counted(released: Reader) -> None:
    for path, found in released.counts.items():
        with lzma.open(path) as lines:
            assert found.total() == sum(1 for _ in lines)
        assert set(found) <= {USED, OUTSIDE}


def test_the_card_tells_what_is_learned_of_each_file(released: Reader) -> None:
    """`tlm-mlir records model/records/*.jsonl.xz` prints the figures that model/README.md tells."""
    card = (MODEL / "README.md").read_text().splitlines()
    told = [line.split("|")[1:-1] for line in card if line.startswith("| `records/")]
    figures = {cells[0].strip(" `"): cells[1:] for cells in told if len(cells) == 4}
    for path, found in released.counts.items():
        numbers = (found.total(), found[USED], found[OUTSIDE])
        cells = [cell.split("(")[0].replace(",", "") for cell in figures[f"records/{path.name}"]]
        assert tuple(map(int, cells)) == numbers, path.name
