# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From rows of records to packed batches."""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tlm_mlir.errors import RecordError
from tlm_mlir.training.fit.dataset import (
    FAIL,
    Group,
    Segment,
    Special,
    group_rows,
    load_groups,
    read_rows,
    select,
    split,
)
from tlm_mlir.training.fit.packing import (
    PAD_DOCUMENT,
    UNJUDGED,
    Batches,
    attention_mask,
    collate,
    documents,
    fill_rows,
    generator_form,
    judge_form,
)

SPECIAL = Special(pad=0, end=1, perf_unknown=2, perf=tuple(range(3, 14)))
WORDS = {"<end>": 1, "a": 20, "b": 21, "c": 22}


def _row(schedule: str, seconds: float | None, status: str = "ok", **more: Any) -> dict[str, Any]:
    fixed = {"workload": {"m": 4}, "target": '{"cores":2}', "default_seconds": 2.0}
    return {**fixed, "schedule": schedule, "seconds": seconds, "status": status, **more}


def _load(rows: Sequence[dict[str, Any]], limit: int = 1024) -> list[Group]:
    return load_groups(rows, prompt=lambda *_: [30, 31, 32], token=WORDS.__getitem__, limit=limit)


def test_bins_are_relative_to_the_groups_best() -> None:
    rows = [_row("a <end>", 1.0), _row("b <end>", 1.3), _row("c <end>", None, "crashed")]
    (group,) = _load(rows)
    assert [s.bin for s in group.segments] == [0, 3, FAIL]
    assert [s.relative for s in group.segments] == [1.0, 1.3, None]
    assert group.best == Segment((20, 1), 0, 1.0, 1)


def test_outcomes_are_relative_to_the_default() -> None:
    rows = [_row("a <end>", 2.0), _row("b <end>", 0.8), _row("c <end>", None, "crashed")]
    (group,) = _load(rows)
    assert [s.bin for s in group.segments] == [6, 0, FAIL]
    assert [s.outcome for s in group.segments] == [5, 1, FAIL]


def test_the_default_counts_as_a_candidate() -> None:
    (group,) = _load([_row("a <end>", 3.0)])
    assert group.segments[0].relative == 1.5


def test_failed_rows_default_does_not_count() -> None:
    rows = [_row("a <end>", 1.0), _row("b <end>", None, "timeout", default_seconds=0.1)]
    (group,) = _load(rows)
    assert group.segments[0].bin == 0


def test_a_schedule_measured_twice_counts_once_with_its_best() -> None:
    rows = [_row("a <end>", 1.5), _row("a <end>", 1.0), _row("a <end>", None, "timeout")]
    (group,) = _load(rows)
    assert group.segments == (Segment((20, 1), 0, 1.0, 1),)


def test_unmeasured_schedules() -> None:
    row = {"workload": {"m": 4}, "target": {"cores": 2}, "schedules": ["a <end>", "b <end>"]}
    (group,) = _load([row, _row("a <end>", 1.0, target={"cores": 2})])
    assert group.segments == (Segment((20, 1), 0, 1.0, 1), Segment((21, 1)))
    assert [len(g.segments) for g in select([group], "best")] == [1]


def test_groups_by_workload_and_target() -> None:
    rows = [_row("a <end>", 1.0), _row("a <end>", 1.0, target={"cores": 1}), _row("b <end>", 1.0)]
    assert [len(v) for v in group_rows(rows).values()] == [2, 1]


def test_long_segments_are_left_out() -> None:
    assert _load([_row("a " * 20 + "<end>", 1.0)], limit=20) == []


def test_split_keeps_a_workloads_targets_together() -> None:
    rows = [
        _row("a <end>", 1.0, workload={"m": m}, target={"cores": c})
        for m in range(200)
        for c in (1, 2)
    ]
    training, validation = split(_load(rows), 0.2)
    assert not {g.workload for g in training} & {g.workload for g in validation}
    assert 40 <= len(validation) <= 130
    assert len(training) + len(validation) == 400


def test_read_rows(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.xz"
    rows = [_row("a <end>", 1.0), _row("b <end>", 2.0)]
    with lzma.open(path, "wt") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
    assert list(read_rows([path])) == rows
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RecordError, match="cannot be read"):
        list(read_rows([path]))
    with pytest.raises(RecordError, match="cannot be read"):
        list(read_rows([tmp_path / "no.jsonl"]))


def test_graph_decisions_are_another_question() -> None:
    groups = group_rows([_row("graph:leave <end>", 1.0), _row("a <end>", 1.0)])
    assert [question for _, _, question in groups] == ["graph", "decide"]


def test_foretold_schedules_are_a_group_of_their_own() -> None:
    rows = [_row("a <end>", 1.9), _row("b <end>", 2.0, foretold=True)]
    measured, foretold = _load([*rows, _row("a <end>", 1.0, foretold=True)])
    # Few measured ones, none much faster than the default, may not pass for the best.
    assert not measured.explored and foretold.explored
    assert [s.relative for s in foretold.segments] == [2.0, 1.0]


@pytest.mark.parametrize("line", ["{", "[]"])
def test_damaged_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"a": 1}\n' + line + "\n")
    with pytest.raises(RecordError, match="line 2 is damaged"):
        list(read_rows([path]))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"target": {}}, "lacks 'schedule'"),
        ({"target": {}, "schedule": "a <end>"}, "lacks 'workload'"),
        (_row("a zz <end>", 1.0), "token 'zz'"),
        (_row("a <end>", None), "None seconds"),
        (_row("a <end>", -1.0), "-1.0 seconds"),
        (_row("a <end>", 1.0, default_seconds=None), "None seconds"),
    ],
)
def test_rows_that_do_not_belong(row: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RecordError, match=sentence):
        _load([row])


def test_forms() -> None:
    segment = Segment((20, 21, 1), 2, 1.25, 4)
    a = generator_form(segment, SPECIAL)
    assert a.tokens == (5, 20, 21, 1)
    assert a.weights == (1, 1, 1, 0)
    b = judge_form(segment, SPECIAL, 4.0)
    assert b.tokens == (2, 20, 21, 1, 7)
    assert b.weights == (0, 0, 0, 4.0, 0)
    assert (a.bin, b.bin) == (UNJUDGED, 4)
    assert generator_form(segment, SPECIAL, 1.0).weights == (0.8, 0.8, 0.8, 0)
    assert generator_form(Segment((20, 1)), SPECIAL).tokens == (2, 20, 1)
    assert generator_form(Segment((20, 1), FAIL), SPECIAL).tokens == (13, 20, 1)


def test_collated_rows() -> None:
    forms = [generator_form(Segment((20, 21, 1), k), SPECIAL) for k in (0, 1)]
    batch = collate([[((30, 31), [*forms]), ((32,), [forms[0]])]], 18, SPECIAL.pad)
    assert batch.tokens[0].tolist() == [
        30,
        31,
        3,
        20,
        21,
        1,
        4,
        20,
        21,
        1,
        32,
        3,
        20,
        21,
        1,
        0,
        0,
        0,
    ]
    assert batch.positions[0].tolist() == [0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 0, 1, 2, 3, 4, 0, 0, 0]
    assert batch.documents[0].tolist() == [0] * 10 + [1] * 5 + [PAD_DOCUMENT] * 3
    assert batch.segments[0].tolist() == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 1, 1, 1, 1, 0, 0, 0]
    assert batch.weights[0].tolist() == [0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0]
    assert (batch.bins == UNJUDGED).all()
    borne = batch.weights[0] > 0
    assert (batch.targets[0, :-1][borne[:-1]] == batch.tokens[0, 1:][borne[:-1]]).all()


def test_every_decision_of_a_judged_segment_foretells_the_outcome() -> None:
    form = judge_form(Segment((20, 21, 1), 2, 1.2, 4), SPECIAL, 8.0)
    batch = collate([[((30, 31), [form])]], 9, SPECIAL.pad)
    assert batch.bins[0].tolist() == [UNJUDGED] * 2 + [4] * 4 + [UNJUDGED] * 3


def test_attention_mask() -> None:
    batch_documents = np.array([[0, 0, 0, 0, 0, 1, 1, PAD_DOCUMENT]], np.int32)
    segments = np.array([[0, 0, 1, 1, 2, 0, 1, 0]], np.int32)
    mask = attention_mask(batch_documents, segments)[0, 0]
    seen = [np.flatnonzero(row).tolist() for row in mask]
    assert seen == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 4], [5], [5, 6], [7]]


def _group(workload: str, segments: int, length: int = 9) -> Group:
    made = tuple(
        Segment((20,) * (length - 1) + (1,), i % 11, outcome=i % 11) for i in range(segments)
    )
    return Group(workload, "t", (30,) * 10, made)


def test_epoch_holds_every_segment_once_and_is_reproducible() -> None:
    groups = [_group("a", 100), _group("b", 3)]
    batches = Batches(groups, SPECIAL, rows=2, length=128)
    epoch = batches.epoch(3)
    assert epoch == batches.epoch(3)
    assert epoch != batches.epoch(4)
    count = sum(len(forms) for rows in epoch for row in rows for _, forms in row)
    assert count == 103
    for rows in epoch:
        assert len(rows) <= 2
        assert batches.collate(rows).tokens.shape == (len(rows), 128)


def test_cap_and_objective_best() -> None:
    groups = [_group("a", 100)]
    capped = Batches(groups, SPECIAL, rows=2, length=128, cap=7).epoch(0)
    assert sum(len(forms) for rows in capped for row in rows for _, forms in row) == 7
    ran = Group("a", "t", (30,), (Segment((20, 1), 3, 1.3), Segment((21, 1), 2, 1.2)))
    (((prompt, (form,)),),) = Batches([ran], SPECIAL, objective="best").epoch(0)[0]
    assert prompt == (30,)
    assert form.tokens == (SPECIAL.perf[0], 21, 1)


def test_rows_are_filled() -> None:
    forms = [generator_form(Segment((20,) * 9 + (1,), 0), SPECIAL) for _ in range(50)]
    items = [d for _ in range(6) for d in documents((30,) * 20, forms[:20], 128)]
    rows = fill_rows(items, 128)
    sizes = [sum(len(p) + sum(len(f.tokens) for f in fs) for p, fs in row) for row in rows]
    assert max(sizes) <= 128
    assert sum(len(fs) for row in rows for _, fs in row) == 120
