# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the judge: boosted trees that foretell how a schedule compares with IREE's default.

    python -m tlm_mlir.training.fit.cost_model CHECKPOINT --corpus model/corpus/training.jsonl.xz \
        --records model/records/dispatch*.jsonl.xz
    python -m tlm_mlir.training.fit.cost_model CHECKPOINT --records records.jsonl

The latter, with the records of a bundle that ran on a GPU, calibrates the static estimate: by the
checkpoint, schedules for that device are compared by what was measured there.

It learns a quantile of the log latency over that of IREE's default, QUANTILE, and not the mean: a
schedule that is foretold to be faster is then faster with that chance, and only such ones are to
replace the default. The judge is put into the checkpoint.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tlm_mlir.compiler.own import OwnChoice
from tlm_mlir.compiler.scheduler import MARGIN
from tlm_mlir.errors import InputError, RecordError
from tlm_mlir.ir.workload import Workload
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.measure.bundle_builder import CONFIGURATION
from tlm_mlir.model.checkpoint import add, judge_name
from tlm_mlir.model.trees import Trees
from tlm_mlir.targets import registry
from tlm_mlir.targets.facts import NONE, TO_IREE
from tlm_mlir.targets.target import Target
from tlm_mlir.targets.task import Task
from tlm_mlir.training.corpus.entries import BASE_FLAGS
from tlm_mlir.training.corpus.entries import read as read_corpus
from tlm_mlir.training.fit.dataset import OK, group_rows, latency_ratio, read_rows, share
from tlm_mlir.training.fit.ranks import spearman

QUANTILE = 0.65
"""Chance that a schedule is as fast as foretold, or faster."""
WORST = 3.0
"""What a failure, and at most any latency, counts as: 20 times slower, in log latency."""
ROUNDS = 500
SEEDS = (0, 1, 2)
"""Ensembles whose mean is taken: in cross-validation it errs less than each, by a tenth."""
SETTINGS: Mapping[str, Any] = {
    "objective": "quantile",
    "alpha": QUANTILE,
    "learning_rate": 0.05,
    "num_leaves": 63,
    "min_data_in_leaf": 20,
    "lambda_l2": 1.0,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "use_missing": False,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


@dataclass(frozen=True)
class Lesson:
    """What was measured of one workload on one target (both JSON): facts of each schedule but the
    default, its log latency over that of the default (WORST for a failure), and whether it ran."""

    workload: str
    target: str
    facts: list[dict[str, float]]
    logs: np.ndarray
    ran: np.ndarray

    @property
    def backend(self) -> str:
        """Of the target."""
        return Target.from_json(self.target).backend


def lessons(rows: Iterable[dict[str, Any]], sources: Mapping[str, str]) -> Iterator[Lesson]:
    """The lessons in records; `sources` gives the MLIR of each workload (JSON), to be asked what
    IREE would do with it where the record of its default does not say so, as those of bundles do.

    Schedules that today's space does not hold are left out: they will not be judged. Raises
    RecordError for a workload without either.
    """
    choice = OwnChoice(BASE_FLAGS)
    for (text, target_text, question), members in group_rows(rows).items():
        if question != "decide":
            continue
        workload, target = Workload.from_json(text), Target.from_json(target_text)
        task = registry.task(workload, target)
        measured = list(_measured(members, task))
        if not measured:
            continue
        if told := _configuration(members):
            own = task.read_back(told)
        elif text in sources:
            own = choice(sources[text], workload, target)
        else:
            raise RecordError("a record's workload is not in the corpus; give the corpus of both")
        facts = task.features([schedule for schedule, _ in measured], own)
        found = np.array([WORST if log is None else log for _, log in measured])
        ran = np.array([log is not None for _, log in measured])
        yield Lesson(text, target_text, facts, np.clip(found, -WORST, WORST), ran)


def _configuration(rows: Iterable[dict[str, Any]]) -> str:
    """What IREE chose, where the record of its default says so; else nothing."""
    told = (row.get("statics", {}).get(CONFIGURATION, "") for row in rows)
    return next(filter(None, told), "")


def _measured(
    rows: Iterable[dict[str, Any]], task: Task
) -> Iterator[tuple[Schedule, float | None]]:
    """The schedules but the default with their log latency, None for a failure."""
    for row in rows:
        try:
            schedule = task.parse(str(row["schedule"]))
        except InputError:
            continue
        if not schedule.is_default:
            ran = row.get("status") == OK
            yield schedule, math.log(latency_ratio(row)) if ran else None


def fit(training: Sequence[Lesson], settings: Mapping[str, Any] = SETTINGS) -> Trees:
    """The judge that the lessons teach. Each weighs with the root of its size."""
    import lightgbm

    names = tuple(training[0].facts[0])
    rows = _table(training, names)
    logs = np.concatenate([lesson.logs for lesson in training])
    sizes = [len(lesson.logs) for lesson in training]
    weights = np.concatenate([np.full(size, 1 / math.sqrt(size + 5)) for size in sizes])
    boosters = [
        lightgbm.train(
            {**settings, "seed": seed},
            lightgbm.Dataset(rows, logs, weight=weights),
            num_boost_round=ROUNDS,
        )
        for seed in SEEDS
    ]
    dumps = [tree for booster in boosters for tree in booster.dump_model()["tree_info"]]
    targets = tuple(sorted({lesson.target for lesson in training}))
    trees = replace(_trees(dumps, names), targets=targets)
    own = trees(trees.rows([row for lesson in training[:30] for row in lesson.facts]))
    wanted = np.mean([booster.predict(rows[: len(own)]) for booster in boosters], axis=0)
    apart = float(np.abs(own - wanted).max())
    if apart > 1e-4:
        raise RuntimeError(f"the exported trees differ from LightGBM's by {apart}")
    return trees


def _table(some: Sequence[Lesson], names: Sequence[str]) -> np.ndarray:
    facts = (row for lesson in some for row in lesson.facts)
    return np.array([[row[name] for name in names] for row in facts], np.float32)


def _trees(dump: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Trees:
    """LightGBM's trees, of SEEDS ensembles, as arrays, with the columns that they look at."""
    trees = [_arrays(tree["tree_structure"]) for tree in dump]
    for tree in trees:
        tree["value"] = [value / len(SEEDS) for value in tree["value"]]
    used = sorted({column for tree in trees for column in tree["feature"]})
    place = {column: i for i, column in enumerate(used)}
    for tree in trees:
        tree["feature"] = [place[column] for column in tree["feature"]]

    def padded(name: str, kind: type) -> np.ndarray:
        widest = max(len(tree[name]) for tree in trees)
        result: np.ndarray = np.zeros((len(trees), widest), kind)
        for row, tree in zip(result, trees, strict=True):
            row[: len(tree[name])] = tree[name]
        return result

    return Trees(
        tuple(names[column] for column in used),
        padded("feature", np.int16),
        padded("threshold", np.float64),
        padded("left", np.int16),
        padded("right", np.int16),
        padded("value", np.float32),
    )


def _arrays(root: Mapping[str, Any]) -> dict[str, list[Any]]:
    """One tree: its inner nodes and leaves, numbered as they are met."""
    found: dict[str, list[Any]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "value")
    }

    def visit(node: Mapping[str, Any]) -> int:
        if "split_feature" not in node:
            found["value"].append(node["leaf_value"])
            return ~(len(found["value"]) - 1)
        number = len(found["feature"])
        found["feature"].append(node["split_feature"])
        found["threshold"].append(node["threshold"])
        for side in ("left", "right"):
            found[side].append(0)
        for side in ("left", "right"):
            found[side][number] = visit(node[f"{side}_child"])
        return number

    if (only := visit(root)) < 0:
        for name, value in (("feature", 0), ("threshold", 0.0), ("left", only), ("right", only)):
            found[name].append(value)
    return found


Foretell = Callable[[Sequence[Mapping[str, float]]], np.ndarray]
"""From the facts of schedules to log latencies over that of IREE's default."""


def by_trees(trees: Trees) -> Foretell:
    """What a judge foretells."""
    return lambda facts: trees(trees.rows(facts))


def by_estimate(facts: Sequence[Mapping[str, float]]) -> np.ndarray:
    """What a GPU's static estimate foretells; no lead where IREE's choice is unknown."""
    found = np.array([row[f"{TO_IREE}estimate"] for row in facts])
    return np.where(found == NONE, 0.0, found * math.log(2.0))


def validate(
    foretell: Foretell, validation: Sequence[Lesson], margin: float
) -> dict[str, float]:
    """What the judge is worth on lessons: mean rank correlation over those with five schedules that
    ran; speed-up over the default, in the geometric mean, of the schedule it likes best, where it
    foretells more than `margin`; how many of these are slower than 0.95x; and what the best
    schedules are worth."""
    ranks, chosen, best = [], [], []
    for lesson in validation:
        foretold = foretell(lesson.facts)
        if lesson.ran.sum() >= 5:
            ranks.append(spearman(foretold[lesson.ran], lesson.logs[lesson.ran]))
        first = int(foretold.argmin())
        chosen.append(lesson.logs[first] if foretold[first] < -margin else 0.0)
        best.append(min(0.0, lesson.logs.min()))
    return {
        "groups": len(validation),
        "spearman": float(np.nanmean(ranks)),
        "speedup": math.exp(-np.mean(chosen)),
        "slower": float(sum(log > -math.log(0.95) for log in chosen)),
        "best_speedup": math.exp(-np.mean(best)),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Train from the command line, print the validation's figures, complete the checkpoint."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("checkpoint", type=Path)
    text = "of records that do not say what IREE does by itself, as those of bundles do"
    parser.add_argument("--corpus", type=Path, metavar="F.jsonl.xz", help=text)
    parser.add_argument("--records", type=Path, nargs="+", required=True, metavar="F.jsonl.xz")
    parser.add_argument("--validation", type=float, default=0.08, help="share of workloads")
    parser.add_argument("--margin", type=float, default=MARGIN, help="of the printed figures")
    options = parser.parse_args(arguments)
    entries = read_corpus(options.corpus) if options.corpus else []
    sources = {entry.workload: entry.source for entry in entries}
    found = list(lessons(read_rows(options.records), sources))
    held = [lesson for lesson in found if share(lesson.workload) < options.validation]
    training = [lesson for lesson in found if share(lesson.workload) >= options.validation]
    for backend in sorted({lesson.backend for lesson in training}):
        trees = fit([lesson for lesson in training if lesson.backend == backend])
        mine = [lesson for lesson in held if lesson.backend == backend]
        figures = {"judge": by_trees(trees)}
        if registry.named(backend).estimated:
            figures["estimate"] = by_estimate
        for name, foretell in figures.items() if mine else ():
            worth = validate(foretell, mine, options.margin)
            print(json.dumps({"backend": backend, "by": name, **worth}))
        add(options.checkpoint, {judge_name(backend): trees.to_bytes()})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
