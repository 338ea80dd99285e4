# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Examples that nobody measured: of products with packed weights, and of what a model writes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from samples import TARGETS, matmul, packed

from tlm_mlir.decisions.points import early_task
from tlm_mlir.errors import InputError
from tlm_mlir.ir.analysis import panels
from tlm_mlir.ir.workload import Workload
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.policy.compare import MEASUREMENTS, Comparer
from tlm_mlir.targets import registry
from tlm_mlir.targets.task import Task
from tlm_mlir.training.corpus.entries import Entry, read, root_key, write
from tlm_mlir.training.corpus.split import share
from tlm_mlir.training.records import written
from tlm_mlir.training.records.panels import Settings, Sizes, judged, main, rows, sizes_of
from tlm_mlir.training.records.rows import Reader

CORPUS = Path(__file__).resolve().parents[2] / "model" / "corpus" / "training.jsonl.xz"
AVX512, AVX2 = TARGETS["avx512"], TARGETS["avx2"]
WORKLOADS = [packed(), packed((14, 8, 16, 64), (3, 3)), packed((197, 24, 32, 768))]


def test_the_estimate_alone_likes_the_sketch() -> None:
    task = registry.task(packed(), AVX2)
    schedule, log = judged(task, Comparer({}, "ck"))
    assert schedule == task.sketches()[0]
    assert task.default is not None
    assert log == pytest.approx(math.log(task.estimate(schedule) / task.estimate(task.default)))


def test_a_cost_model_has_as_much_to_say_as_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    task = registry.task(packed(), AVX512)
    (sketch,) = task.sketches()
    judge = Comparer({}, "ck")
    monkeypatch.setattr(judge, "compared_by", lambda task: MEASUREMENTS)

    def predict(tasks: list[Task], _: object, options: list[list[Schedule]]) -> list[np.ndarray]:
        return [np.where([s == sketch for s in some], 0.0, -1.0) for some in options]

    monkeypatch.setattr(judge, "predict", predict)
    schedule, log = judged(task, judge)
    assert schedule != sketch
    assert task.default is not None
    estimate = math.log(task.estimate(schedule) / task.estimate(task.default))
    assert log == pytest.approx((estimate - 1.0) / 2)


def test_other_sizes_are_of_the_same_computation() -> None:
    rng = np.random.default_rng(0)
    sizes = Sizes(WORKLOADS)
    for workload in WORKLOADS:
        found = {sizes.resized(workload, rng) for _ in range(20)}
        assert len(found) > 10
        for other in found:
            assert other.ops == workload.ops
            assert other.static
            assert panels(other) == panels(workload)
            assert other.extents[panels(other).panel] >= 2  # type: ignore[union-attr]


def test_no_example_is_as_large_as_what_is_held_out_or_validates() -> None:
    settings = Settings(others=1, resized=40, validation=0.5, seed=3)
    free = list(rows(WORKLOADS, set(), [AVX2, AVX512], None, settings))
    assert len(free) == len(WORKLOADS) * 3 + 40
    resized = [json.dumps(row["workload"], separators=(",", ":"), sort_keys=True) for row in free]
    assert all(share(text) >= 0.5 for text in resized[-40:])
    forbidden = {sizes_of(Workload.from_json(text)) for text in resized[-40:]}
    others = list(rows(WORKLOADS, forbidden, [AVX2, AVX512], None, settings))[-40:]
    assert not forbidden & {
        sizes_of(Workload.from_json(json.dumps(row["workload"]))) for row in others
    }


def test_the_size_of_a_product_is_that_of_its_packed_form() -> None:
    """However weights are laid out: 24 panels of 32 columns are 768 columns."""
    plain = matmul()
    m, n, k = plain.extents[0], plain.extents[1], plain.extents[2]
    assert sizes_of(plain) == sizes_of(packed((m, n // 8, 8, k))) == (m * n * k, k)


def test_examples_are_read_like_records(tmp_path: Path) -> None:
    corpus, held_out, records, out = (
        tmp_path / name for name in ("c.jsonl.xz", "h.jsonl.xz", "r.jsonl", "out.jsonl.xz")
    )
    write([Entry(w.to_json(), "net", "panels", "") for w in WORKLOADS], corpus)
    write([Entry(matmul().to_json(), "net", "contraction", "")], held_out)
    records.write_text(json.dumps({"target": json.loads(AVX2.to_json())}) + "\n")
    arguments = [str(out), "--corpus", str(corpus), "--held-out", str(held_out)]
    arguments += ["--records", str(records), "--validation", "0", "--resized", "5"]
    assert main(arguments) == 0
    found = list(Reader([out]))
    assert sum(len(each.predicted) for each in found) == len(WORKLOADS) * 4 + 5
    assert {each.task.family for each in found} == {"panels"}
    keys = {root_key(each.task.workload) for each in found}
    assert root_key(matmul()) not in keys
    write([Entry(matmul().to_json(), "net", "contraction", "")], corpus)
    with pytest.raises(InputError, match="has no packed weights; give a corpus that has"):
        main(arguments)


class Leaving:
    """A model that leaves everything to IREE."""

    def __init__(self) -> None:
        self.asked: list[list[Task]] = []

    def write(self, tasks: list[Task], heats: tuple[float, ...], _: int) -> list[list[Schedule]]:
        self.asked.append(tasks)
        return [[task.default for _ in heats] for task in tasks]  # type: ignore[misc]


def test_what_a_model_writes_is_asked_by_target_and_question() -> None:
    model = Leaving()
    tasks = [registry.task(matmul(), target) for target in (AVX512, AVX2) for _ in range(11)]
    tasks.append(early_task(matmul(), AVX2))
    found = list(written.rows(tasks, model, 0))  # type: ignore[arg-type]
    assert [len(part) for part in model.asked] == [10, 1, 10, 1, 1]
    assert len(found) == len(tasks)
    assert found[0]["schedule"] == "pipeline:default <end>"
    assert found[-1]["schedule"] == "graph:leave <end>"


def test_a_dispatch_for_gpus_is_asked_about_as_they_get_it() -> None:
    entry = next(entry for entry in read(CORPUS) if entry.kind == "contraction")
    rng = np.random.default_rng(0)
    (task,) = written.for_gpus([entry], ["cuda:sm_80"], rng)
    assert task.target.backend == "cuda"
    assert task.schedulable
