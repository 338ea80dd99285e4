# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""No released record is about an op of a held-out network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tlm_mlir.ir.workload import Workload
from tlm_mlir.measure.database import read_records
from tlm_mlir.training.corpus import root_key

MODEL = Path(__file__).resolve().parents[2] / "model"
RECORDS = sorted((MODEL / "records").glob("*.jsonl.xz"))
HELD_OUT = MODEL / "held_out.json"
"""`{"roots": [key, ...]}`, or the list alone: `training.corpus.held_out_roots` of the networks."""


def held_out() -> set[str]:
    found = json.loads(HELD_OUT.read_text())
    return set(found["roots"] if isinstance(found, dict) else found)


@pytest.mark.skipif(not RECORDS, reason="model/records holds no records yet")
@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_records_hold_no_op_of_a_held_out_network(path: Path) -> None:
    forbidden = held_out()
    assert forbidden
    workloads = {record.workload for record in read_records(path)}
    assert workloads
    for text in workloads:
        assert root_key(Workload.from_json(text)) not in forbidden, text
