# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The search that measures nothing, and what it leaves for the generator."""

from __future__ import annotations

import json
import lzma
import math
from pathlib import Path

import numpy as np
import pytest
from samples import TARGETS, matmul

from tlm_mlir.errors import TargetError
from tlm_mlir.policy.scheduler import Scheduler
from tlm_mlir.targets import registry
from tlm_mlir.targets.target import GpuTarget
from tlm_mlir.training.corpus.entries import read
from tlm_mlir.training.records import distill
from tlm_mlir.training.records.search import search

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "model" / "corpus" / "training.jsonl.xz"
HOPPER = GpuTarget("cuda", 132, 32, 1024, (1024, 1024, 64), 232448)


@pytest.fixture(scope="module")
def scheduler() -> Scheduler:
    return Scheduler()


def test_the_best_come_first_and_none_is_the_default(scheduler: Scheduler) -> None:
    task = registry.task(matmul(), TARGETS["avx512"])
    found = search(scheduler, task, None, [], np.random.default_rng(0))
    again = search(scheduler, task, None, [], np.random.default_rng(0))
    assert found == again
    assert len(found) > 32 and list(found.values()) == sorted(found.values())
    schedules = [task.parse(text) for text in found]
    assert all(not s.is_default for s in schedules)
    written = scheduler.sample(task, 32, 0)
    (alone,) = scheduler.predict([task], [None], [written])
    assert min(found.values()) < min(alone) + 0.05


def test_a_gpu_is_searched_by_the_estimate(scheduler: Scheduler) -> None:
    task = registry.task(matmul(extents=(512, 512, 512)), HOPPER)
    rng = np.random.default_rng(0)
    own = task.random(rng)
    logs = search(scheduler, task, own, [], rng)
    text = next(iter(logs))
    best = task.parse(text)
    ratio = task.estimate(best) / task.estimate(own)
    assert math.isclose(logs[text], math.log(ratio)) and ratio < 1
    # Without IREE's own choice there is nothing to compare with, and nothing is predicted.
    assert math.inf in search(scheduler, task, None, [], rng).values()


def test_rows_are_for_every_cpu_and_one_gpu_of_a_kind(tmp_path: Path) -> None:
    entries = [entry for entry, _ in zip(read(CORPUS), range(6), strict=False)]
    cpus = [TARGETS["avx512"].to_json(), TARGETS["avx2"].to_json()]
    gpus = [[("--one",), ("--other",)]]
    some = distill.tasks(entries, cpus, gpus, 0.0, 0)
    assert len(some) == 6 * 3
    assert {task.gpu for task in some if not task.cpu} == {("--one",), ("--other",)}
    assert not distill.tasks(entries, cpus, gpus, 1.0, 0)


def test_distilling_writes_foretold_rows(tmp_path: Path) -> None:
    corpus, records = tmp_path / "corpus.jsonl.xz", tmp_path / "records.jsonl"
    with lzma.open(CORPUS, "rt") as lines, lzma.open(corpus, "wt") as kept:
        line = next(line for line in lines if json.loads(line)["kind"] == "contraction")
        kept.write(line)
    workload = json.loads(json.loads(line)["workload"])
    target = json.loads(TARGETS["avx512"].to_json())
    row = {"workload": workload, "target": target, "schedule": "pipeline:default <end>"}
    records.write_text(json.dumps(row) + "\n")
    out = tmp_path / "out.jsonl.xz"
    arguments = [*("--corpus", str(corpus)), *("--records", str(records)), "--validation", "0"]
    arguments += ["--gpu", "cuda:sm_90", "--workers", "1"]
    assert distill.main([str(ROOT / "model" / "checkpoint"), str(out), *arguments]) == 0
    with lzma.open(out, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    assert {row["target"]["backend"] for row in rows} == {"llvm-cpu", "cuda"}
    assert all(row["predicted"] and row["status"] == "ok" and row["seconds"] > 0 for row in rows)
    assert len(rows) == 2 * distill.BEST
    with pytest.raises(TargetError, match="unknown cuda architecture 'sm_1'"):
        distill.main([str(ROOT), str(out), *arguments, "--gpu", "cuda:sm_1"])


def test_a_search_over_which_iree_ends_the_process_costs_only_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    entry = next(entry for entry in read(CORPUS) if entry.kind == "contraction")
    # IREE ends the process over a name that it does not know.
    flags = ("--iree-hal-target-device=vulkan", "--iree-vulkan-target=nonsense")
    some = [
        distill.Search(entry, "", flags, 0),
        distill.Search(entry, TARGETS["avx512"].to_json(), (), 0),
    ]
    rows = list(distill.all_rows(some, ROOT / "model" / "checkpoint", 1))
    assert {row["target"]["backend"] for row in rows} == {"llvm-cpu"}
    said = capsys.readouterr().err
    assert "left out (1): a contraction on --iree-hal-target-device=vulkan" in said
    assert "IREE ended its process" in said
