# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Training the cost model: from records to trees that say what the records say."""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lightgbm", reason="training needs the extra `train`")

from samples import TARGETS, matmul

from tlm_mlir.decisions.points import early_task
from tlm_mlir.errors import InputError, RecordError
from tlm_mlir.iree.devices import gpu_flags
from tlm_mlir.language.schedule import encode
from tlm_mlir.measure import bundle
from tlm_mlir.measure.bundle_builder import RandomCandidates
from tlm_mlir.measure.bundled.manifest import read_manifest
from tlm_mlir.measure.bundled.records import append, row_of
from tlm_mlir.measure.versions import versions
from tlm_mlir.model.checkpoint import cost_model_file, default_dir
from tlm_mlir.policy.compare import ESTIMATE, MEASUREMENTS
from tlm_mlir.policy.cost_model import CostModel
from tlm_mlir.policy.scheduler import Scheduler
from tlm_mlir.targets import registry
from tlm_mlir.targets.features import IREE, NONE
from tlm_mlir.targets.target import Target
from tlm_mlir.training.fit import cost_model
from tlm_mlir.training.fit.cost_model import WORST, Example
from tlm_mlir.training.records.rows import SOURCES, Reader

CPU = TARGETS["avx512"]
ROOT = Path(__file__).resolve().parents[2]


def _reader(path: Path, count: int) -> Reader:
    """Records of random schedules of a matmul, the default, a failure and one of another space."""
    rng = np.random.default_rng(0)
    make = registry.task(matmul(), CPU).space
    drawn = [registry.task(matmul(), CPU).random(rng) for _ in range(count)]
    texts = [" ".join(encode(schedule, make)) for schedule in drawn]
    fixed = {
        **{"workload": matmul().to_json(), "target": CPU.to_json(), "default_seconds": 2.0},
        "versions": versions(),
    }
    rows = [{**fixed, "schedule": text, "seconds": 1.0, "status": "ok"} for text in texts]
    rows[0] |= {"status": "crashed", "seconds": None}
    rows.append({**rows[1], "schedule": "pipeline:default <end>", "seconds": 2.0})
    rows.append({**rows[1], "schedule": "pipeline:conv <end>"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Reader([path])


def test_examples_hold_what_was_measured_of_schedules_of_todays_space(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cost_model, "IreeDefault", lambda flags: lambda *question: None)
    reader = _reader(tmp_path / "a.jsonl", 8)
    (example,) = cost_model.examples(reader, {matmul().to_json(): "module {}"})
    assert reader.summary().endswith("10 schedules, 9 used, 1 outside of today's space")
    assert example.logs.tolist() == [WORST] + 7 * [math.log(0.5)]
    assert example.ran.tolist() == [False] + 7 * [True]
    assert len(example.features) == 8 and example.model == "llvm-cpu"
    with pytest.raises(RecordError, match="is not in the corpus"):
        list(cost_model.examples(_reader(tmp_path / "b.jsonl", 2), {}))


def _example(seed: int) -> Example:
    """Schedules that are the slower the larger `a`, whatever `b`; a third of them late."""
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(-1, 1, 60), rng.uniform(-1, 1, 60)
    features = [{"a": x, "b": y} for x, y in zip(a, b, strict=True)]
    logs = a + np.where(rng.random(60) < 0.2, 0.5, 0.0)
    ran, none = np.ones(60, bool), np.zeros(60)
    return Example("llvm-cpu", str(seed), CPU.to_json(), features, logs, ran, none)


def test_learns_a_quantile_and_keeps_it(tmp_path: Path) -> None:
    trees = cost_model.fit([_example(seed) for seed in range(20)])
    path = tmp_path / "judge.safetensors"
    path.write_bytes(trees.to_bytes())
    held = [_example(seed) for seed in range(100, 110)]
    again = CostModel.load(path)
    predicted = [again(again.rows(example.features)) for example in held]
    kept = np.mean([log <= f for t, f in zip(held, predicted, strict=True) for log, f in
                    zip(t.logs, f + 1e-3, strict=True)])
    assert 0.5 < kept < 0.8
    figures = cost_model.validate(cost_model.by_trees(trees), held, margin=0.1)
    assert figures["spearman"] > 0.8 and figures["slower"] == 0
    assert 1 < figures["speedup"] <= figures["best_speedup"]


def _graph_records(path: Path, *gains: tuple[int, float]) -> Reader:
    """Records of packing matmuls of some extents, which gains a factor."""
    rows = []
    for extent, gain in gains:
        one = replace(matmul(), extents=(extent, extent, extent))
        rows.append(
            {
                **{"workload": one.to_json(), "target": CPU.to_json(), "status": "ok"},
                **{"schedule": "graph:tiled <end>", "seconds": 1.0, "default_seconds": gain},
                **{"versions": versions(), "statics": {SOURCES: ["stored", "stored"]}},
            }
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Reader([path])


def test_graph_level_records_teach_what_the_estimate_errs_by(tmp_path: Path) -> None:
    gains = [(16 * extent, 1.0 + extent / 40) for extent in range(2, 42)]
    reader = _graph_records(tmp_path / "graph.jsonl", *gains)
    found = list(cost_model.examples(reader, {}))
    assert {example.model for example in found} == {"llvm-cpu-graph-packing"}
    for example in found:
        assert example.estimated.tolist() == cost_model.by_estimate(example.features).tolist()
    trees = cost_model.fit(found, cost_model.CORRECTING)
    predict = cost_model.by_correcting(trees)
    apart = [float(abs(predict(one.features)[0] - one.logs[0])) for one in found]
    assert np.median(apart) < 0.15 < np.median([abs(e.logs - e.estimated)[0] for e in found])


def test_a_cost_model_of_packing_takes_part_in_what_it_resembles(tmp_path: Path) -> None:
    path = tmp_path / "graph.jsonl"
    _graph_records(path, *[(16 * extent, 9.0) for extent in range(2, 42)])
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(default_dir(), checkpoint)
    given = [str(checkpoint), "--records", str(path), "--validation", "0"]
    assert cost_model.main(given) == 0
    known = replace(matmul(), extents=(320, 320, 320))
    task = replace(early_task(known, CPU), sources=("stored", "stored"))
    scheduler = Scheduler(checkpoint)
    assert scheduler.compared_by(task) == MEASUREMENTS
    assert scheduler.compared_by(replace(task, target=TARGETS["avx2"])) == ESTIMATE
    (answer,) = scheduler.ask([task], [task.default])
    assert answer.schedule.choice("graph") == "graph:tiled"
    assert answer.predicted == pytest.approx(-math.log(9.0), abs=0.3)


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """Records of a bundle, as if a device liked small workgroups and nothing else."""
    flags = gpu_flags("vulkan", "llvmpipe")
    sources = bundle.sources_of(ROOT / "lit" / "vulkan_matmul.mlir", flags)
    contents = bundle.gather(sources, flags, RandomCandidates(24, seed=1))
    path = tmp_path / "bundle.zip"
    bundle.write(contents, path, "vulkan")
    manifest = read_manifest(path)
    rows = []
    for program in manifest["programs"]:
        for place, candidate in enumerate(program["candidates"]):
            group = candidate["schedule"].partition("@group")[2].partition("@reduce")[0]
            threads = 2 ** sum(map(int, re.findall(r" m(\d+)", group)))
            seconds = 1e-3 * (1 + threads if place else 20.0)
            outcome = {"status": "ok", "seconds": seconds, "default_seconds": 20e-3, "runs": 5}
            rows.append(row_of(manifest, program, place, outcome))
    out = tmp_path / "records.jsonl"
    append(out, rows)
    return out


def test_records_of_a_bundle_calibrate_the_estimate(measured: Path, tmp_path: Path) -> None:
    """Without a corpus: what IREE would do is in the records."""
    (first, *_) = found = list(cost_model.examples(Reader([measured]), {}))
    target = Target.from_json(first.target)
    assert all(example.features[0][f"{IREE}estimate"] != NONE for example in found)
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(default_dir(), checkpoint)
    before = Scheduler(checkpoint)
    on_gpu, on_cpu = (registry.task(matmul(), one) for one in (target, CPU))
    other = registry.task(matmul(), replace(target, subgroup=64))
    assert before.compared_by(on_gpu) == ESTIMATE
    arguments = [str(checkpoint), "--records", str(measured), "--iree", "1.0.0"]
    with pytest.raises(InputError, match="of another IREE"):
        cost_model.main(arguments)
    arguments = [str(checkpoint), "--records", str(measured), "--validation", "0"]
    assert cost_model.main(arguments) == 0
    after = Scheduler(checkpoint)
    assert after.compared_by(on_gpu) == after.compared_by(on_cpu) == MEASUREMENTS
    assert after.compared_by(other) == ESTIMATE
    trees = CostModel.load(checkpoint / cost_model_file("vulkan-spirv"))
    figures = {
        predict: cost_model.validate(predict, found, margin=0.3)
        for predict in (cost_model.by_trees(trees), cost_model.by_estimate)
    }
    learned, estimated = (figure["spearman"] for figure in figures.values())
    assert learned > 0.8 > estimated
