# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neither the training corpus nor a released record is about an op of a held-out network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tlm_mlir.ir.workload import Workload
from tlm_mlir.measure.database import read_records
from tlm_mlir.training.corpus import entries as corpus

MODEL = Path(__file__).resolve().parents[2] / "model"
RECORDS = sorted((MODEL / "records").glob("*.jsonl.xz"))
CORPUS = MODEL / "corpus" / "training.jsonl.xz"
HELD_OUT = MODEL / "corpus" / "held_out.jsonl.xz"
ROOTS = MODEL / "corpus" / "held_out.json"
"""Root keys of all dispatches of the held-out networks, under every stock setting."""


def key(workload: str) -> str:
    return corpus.root_key(Workload.from_json(workload))


@pytest.fixture(scope="module")
def forbidden() -> set[str]:
    found = set(json.loads(ROOTS.read_text()))
    assert found
    return found


def test_the_list_names_the_held_out_dispatches(forbidden: set[str]) -> None:
    """A list made with another definition of the key would forbid nothing."""
    assert {key(entry.workload) for entry in corpus.read(HELD_OUT)} <= forbidden


def test_the_training_corpus_holds_none_of_them(forbidden: set[str]) -> None:
    keys = {key(entry.workload) for entry in corpus.read(CORPUS)}
    assert keys
    assert not keys & forbidden


@pytest.mark.skipif(not RECORDS, reason="model/records holds no records yet")
@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_records_hold_none_of_them(path: Path, forbidden: set[str]) -> None:
    keys = {key(workload) for workload in {record.workload for record in read_records(path)}}
    assert keys
    assert not keys & forbidden
