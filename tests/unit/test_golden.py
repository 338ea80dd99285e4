# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The decisions are what they were when the golden record was last renewed (a part of it)."""

from __future__ import annotations

import json

import pytest
import record


def test_nothing_differs_from_the_record() -> None:
    found = record.made(quick=True).hashes()
    assert record.differing(found, record.recorded(quick=True)) == [], (
        "run tests/golden/record.py --check --against a dump of the code before, and renew the"
        " record (--write) only if the change is meant"
    )


def test_the_record_is_of_some_2000_schedules() -> None:
    pairs = len(json.loads(record.WORKLOADS.read_text())) * len(record.TARGETS)
    assert pairs * record.DRAWS >= 2000
    whole, quick = record.recorded(quick=False), record.recorded(quick=True)
    assert set(whole) >= set(quick) and len(whole) > 100


def test_a_change_is_told_by_its_place() -> None:
    before, now = record.Record(True), record.Record(True)
    for each, size in ((before, 4), (now, 8)):
        each.add("attributes", "avx2", "matmul #0", f"tiles = 1\nsizes = [{size}]")
        each.add("prompts", "avx2", "matmul", "<bos>")
    assert record.differing(now.hashes(), before.hashes()) == ["attributes/avx2"]
    told = record.first_difference("attributes/avx2", now, json.loads(json.dumps(before.items)))
    assert told == ["  before: matmul #0: sizes = [4]", "  now:    matmul #0: sizes = [8]"]


@pytest.mark.parametrize("value, text", [(1e-17, "0"), (1 / 3, "0.333333333"), (2.0, "2")])
def test_numbers_are_rounded(value: float, text: str) -> None:
    assert record.number(value) == text
