# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Training the judge: from records to trees that say what the records say."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lightgbm", reason="training needs the extra `train`")

from samples import TARGETS, matmul

from tlm_mlir.errors import RecordError
from tlm_mlir.language.schedule import encode
from tlm_mlir.model.trees import Trees
from tlm_mlir.targets import registry
from tlm_mlir.training import judge
from tlm_mlir.training.judge import WORST, Lesson

CPU = TARGETS["avx512"]


def _rows(count: int) -> list[dict[str, Any]]:
    """Records of random schedules of a matmul, the default, a failure and one of another space."""
    rng = np.random.default_rng(0)
    make = registry.space_maker(matmul(), CPU)
    drawn = [registry.random_schedule(matmul(), CPU, rng) for _ in range(count)]
    texts = [" ".join(encode(schedule, make)) for schedule in drawn]
    fixed = {"workload": matmul().to_json(), "target": CPU.to_json(), "default_seconds": 2.0}
    rows = [{**fixed, "schedule": text, "seconds": 1.0, "status": "ok"} for text in texts]
    rows[0] |= {"status": "crashed", "seconds": None}
    rows.append({**rows[1], "schedule": "pipeline:default <end>", "seconds": 2.0})
    rows.append({**rows[1], "schedule": "pipeline:conv <end>"})
    return rows


def test_lessons_hold_what_was_measured_of_schedules_of_todays_space(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judge, "OwnChoice", lambda flags: lambda source, workload, target: None)
    (lesson,) = judge.lessons(_rows(8), {matmul().to_json(): "module {}"})
    assert lesson.logs.tolist() == [WORST] + 7 * [math.log(0.5)]
    assert lesson.ran.tolist() == [False] + 7 * [True]
    assert len(lesson.facts) == 8 and lesson.backend == "llvm-cpu"
    with pytest.raises(RecordError, match="is not in the corpus"):
        list(judge.lessons(_rows(2), {}))


def _lesson(seed: int) -> Lesson:
    """Schedules that are the slower the larger `a`, whatever `b`; a third of them late."""
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(-1, 1, 60), rng.uniform(-1, 1, 60)
    facts = [{"a": x, "b": y} for x, y in zip(a, b, strict=True)]
    logs = a + np.where(rng.random(60) < 0.2, 0.5, 0.0)
    return Lesson(str(seed), "llvm-cpu", facts, logs, np.ones(60, bool))


def test_learns_a_quantile_and_keeps_it(tmp_path: Path) -> None:
    trees = judge.fit([_lesson(seed) for seed in range(20)])
    path = tmp_path / "judge.safetensors"
    path.write_bytes(trees.to_bytes())
    held = [_lesson(seed) for seed in range(100, 110)]
    again = Trees.load(path)
    foretold = [again(again.rows(lesson.facts)) for lesson in held]
    kept = np.mean([log <= f for t, f in zip(held, foretold, strict=True) for log, f in
                    zip(t.logs, f + 1e-3, strict=True)])
    assert 0.5 < kept < 0.8
    figures = judge.validate(trees, held, margin=0.1)
    assert figures["spearman"] > 0.8 and figures["slower"] == 0
    assert 1 < figures["speedup"] <= figures["best_speedup"]
