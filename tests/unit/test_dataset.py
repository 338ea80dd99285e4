# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From rows of records to packed batches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import TARGETS, matmul

from tlm_mlir.language.vocabulary import ID
from tlm_mlir.measure.versions import versions
from tlm_mlir.targets import registry
from tlm_mlir.training.fit.dataset import (
    FAIL,
    Group,
    Segment,
    Special,
    load_groups,
    select,
    split,
)
from tlm_mlir.training.fit.packing import (
    NO_OUTCOME,
    PAD_DOCUMENT,
    Batches,
    attention_mask,
    collate,
    documents,
    fill_rows,
    generator_form,
    outcome_form,
)
from tlm_mlir.training.records.rows import Reader

SPECIAL = Special(pad=0, end=1, perf_unknown=2, perf=tuple(range(3, 14)))
CPU = TARGETS["avx512"]
TASK = registry.task(matmul(), CPU)
A, B, C = sorted({TASK.text(TASK.random(np.random.default_rng(seed))) for seed in range(9)})[:3]


def _row(schedule: str, seconds: float | None, status: str = "ok", **more: Any) -> dict[str, Any]:
    fixed = {
        **{"workload": matmul().to_json(), "target": CPU.to_json(), "default_seconds": 2.0},
        "versions": versions(),
    }
    return {**fixed, "schedule": schedule, "seconds": seconds, "status": status, **more}


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """What `load_groups` makes of rows that stand in a file."""

    def loaded(rows: Sequence[dict[str, Any]], limit: int = 1024) -> list[Group]:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return load_groups(Reader([path]), limit=limit)

    return loaded


def _ids(text: str) -> tuple[int, ...]:
    return tuple(ID[token] for token in text.split())


def test_bins_are_relative_to_the_groups_best(load: Any) -> None:
    rows = [_row(A, 1.0), _row(B, 1.3), _row(C, None, "crashed")]
    (group,) = load(rows)
    assert [s.bin for s in group.segments] == [0, 3, FAIL]
    assert [s.relative for s in group.segments] == [1.0, 1.3, None]
    assert group.best == Segment(_ids(A), 0, 1.0, 1)


def test_outcomes_are_relative_to_the_default(load: Any) -> None:
    rows = [_row(A, 2.0), _row(B, 0.8), _row(C, None, "crashed")]
    (group,) = load(rows)
    assert [s.bin for s in group.segments] == [6, 0, FAIL]
    assert [s.outcome for s in group.segments] == [5, 1, FAIL]


def test_the_default_counts_as_a_candidate(load: Any) -> None:
    (group,) = load([_row(A, 3.0)])
    assert group.segments[0].relative == 1.5


def test_failed_rows_default_does_not_count(load: Any) -> None:
    rows = [_row(A, 1.0), _row(B, None, "timeout", default_seconds=0.1)]
    (group,) = load(rows)
    assert group.segments[0].bin == 0


def test_a_schedule_measured_twice_counts_once_with_its_best(load: Any) -> None:
    rows = [_row(A, 1.5), _row(A, 1.0), _row(A, None, "timeout")]
    (group,) = load(rows)
    assert group.segments == (Segment(_ids(A), 0, 1.0, 1),)


def test_unmeasured_schedules(load: Any) -> None:
    row = {"workload": matmul().to_json(), "target": CPU.to_json(), "schedules": [A, B]}
    (group,) = load([row, _row(A, 1.0)])
    assert group.segments == (Segment(_ids(A), 0, 1.0, 1), Segment(_ids(B)))
    assert [len(g.segments) for g in select([group], "best")] == [1]


def test_long_segments_are_left_out(load: Any) -> None:
    short = len(TASK.prompt) + 2 + min(len(_ids(A)), len(_ids(B)))
    assert len(load([_row(A, 1.0), _row(B, 1.0)], limit=short + 1)[0].segments) >= 1
    assert load([_row(A, 1.0), _row(B, 1.0)], limit=short - 1) == []


def test_split_keeps_a_workloads_targets_together() -> None:
    groups = [Group(f'{{"m":{m}}}', f'{{"c":{c}}}', (), ()) for m in range(200) for c in (1, 2)]
    training, validation = split(groups, 0.2)
    assert not {g.workload for g in training} & {g.workload for g in validation}
    assert 40 <= len(validation) <= 130
    assert len(training) + len(validation) == 400


def test_foretold_schedules_are_a_group_of_their_own(load: Any) -> None:
    rows = [_row(A, 1.9), _row(B, 2.0, predicted=True)]
    measured, predicted = load([*rows, _row(A, 1.0, predicted=True)])
    # Few measured ones, none much faster than the default, may not pass for the best.
    assert not measured.explored and predicted.explored
    assert [s.relative for s in predicted.segments] == [2.0, 1.0]


def test_forms() -> None:
    segment = Segment((20, 21, 1), 2, 1.25, 4)
    a = generator_form(segment, SPECIAL)
    assert a.tokens == (5, 20, 21, 1)
    assert a.weights == (1, 1, 1, 0)
    b = outcome_form(segment, SPECIAL, 4.0)
    assert b.tokens == (2, 20, 21, 1, 7)
    assert b.weights == (0, 0, 0, 4.0, 0)
    assert (a.bin, b.bin) == (NO_OUTCOME, 4)
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
    assert (batch.bins == NO_OUTCOME).all()
    borne = batch.weights[0] > 0
    assert (batch.targets[0, :-1][borne[:-1]] == batch.tokens[0, 1:][borne[:-1]]).all()


def test_every_decision_of_a_judged_segment_foretells_the_outcome() -> None:
    form = outcome_form(Segment((20, 21, 1), 2, 1.2, 4), SPECIAL, 8.0)
    batch = collate([[((30, 31), [form])]], 9, SPECIAL.pad)
    assert batch.bins[0].tolist() == [NO_OUTCOME] * 2 + [4] * 4 + [NO_OUTCOME] * 3


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
