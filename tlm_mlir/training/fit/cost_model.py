# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the cost model: boosted trees that predict how a schedule compares with IREE's default.

    tlm-mlir cost-model CHECKPOINT --corpus model/corpus/training.jsonl.xz \
        --records model/records/dispatch*.jsonl.xz
    tlm-mlir cost-model CHECKPOINT --records records.jsonl

    tlm-mlir cost-model OWN --from released --records ...

The second, with the records of a bundle that ran on a GPU, calibrates the static estimate: by the
checkpoint, schedules for that device are compared by what was measured there.

It learns a quantile of the log latency over that of IREE's default, QUANTILE, and not the mean: a
schedule that is predicted to be faster is then faster with that chance, and only such ones are to
replace the default. What is compared with a sketch is predicted by its median. The cost
model is put into the checkpoint.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tlm_mlir.decisions.graph import LearnedQuestion
from tlm_mlir.errors import InputError, RecordError
from tlm_mlir.model.checkpoint import add, cost_model_file, load
from tlm_mlir.policy.cost_model import CostModel
from tlm_mlir.policy.scheduler import MARGIN
from tlm_mlir.targets.backend import DispatchTask
from tlm_mlir.targets.features import NONE, SKETCH, TO_IREE
from tlm_mlir.targets.iree_default import IreeDefault
from tlm_mlir.targets.task import Task
from tlm_mlir.training.corpus.entries import read as read_corpus
from tlm_mlir.training.corpus.settings import BASE_FLAGS
from tlm_mlir.training.corpus.split import share
from tlm_mlir.training.fit.ranks import spearman
from tlm_mlir.training.records.rows import Reader, Rows

QUANTILE = 0.65
"""Chance that a schedule is as fast as predicted, or faster."""
MEDIAN = 0.5
"""The same where schedules are compared with a sketch: neither side is the safe one."""
WORST = 3.0
"""What a failure, and at most any latency, counts as: 20 times slower, in log latency."""
ROUNDS = 500
RELEASED = Path("released")
"""Stands for the checkpoint that comes with the package."""
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
CORRECTING: Mapping[str, Any] = {
    **SETTINGS,
    "alpha": 0.7,
    "num_leaves": 15,
    "min_data_in_leaf": 10,
    "learning_rate": 0.03,
}
"""Of trees that correct an estimate: they have less to learn, from fewer examples."""


@dataclass(frozen=True)
class Example:
    """What was measured of one workload on one target (both JSON): features of each schedule but
    the default, its log latency over that of the default (WORST for a failure), and whether it ran.
    Where the task has a `reference`, that stands for the default. `estimated` is the part of `logs`
    that an estimate tells and the cost model need not: zero unless it corrects one. `model` names
    the cost model.
    """

    model: str
    workload: str
    target: str
    features: list[dict[str, float]]
    logs: np.ndarray
    ran: np.ndarray
    estimated: np.ndarray


def examples(found: Iterable[Rows], sources: Mapping[str, str]) -> Iterator[Example]:
    """The examples in records; `sources` gives the MLIR of each workload (JSON), to be asked what
    IREE would do with it where the record of its default does not say so, as those of bundles do.

    Raises RecordError for a workload without either.
    """
    choice = IreeDefault(BASE_FLAGS)
    for rows in found:
        task = rows.task
        measured = [row for row in rows.measured if not row.schedule.is_default]
        if not measured or not _described(task):
            continue
        base, baseline = 1.0, None
        if not isinstance(task, DispatchTask):
            pass
        elif (baseline := task.reference) is not None:
            known = [row.ratio for row in measured if row.schedule == baseline and row.ratio]
            measured = [row for row in measured if row.schedule != baseline]
            if not known or not measured:
                continue
            base = statistics.median(known)
        elif rows.configuration:
            baseline = task.read_back(rows.configuration)
        elif rows.workload in sources:
            baseline = choice(sources[rows.workload], task.workload, task.target)
        else:
            raise RecordError("a record's workload is not in the corpus; give the corpus of both")
        if not isinstance(task, DispatchTask):
            # What has no estimate is never chosen.
            measured = [
                row
                for row in measured
                if task.corrected(row.schedule) and math.isfinite(task.estimate(row.schedule))
            ]
            if not measured:
                continue
        features = task.features([row.schedule for row in measured], baseline)
        logs = np.array([math.log(row.ratio / base) if row.ratio else WORST for row in measured])
        ran = np.array([row.ratio is not None for row in measured])
        logs = np.clip(logs, -WORST, WORST)
        dispatch = isinstance(task, DispatchTask)
        estimated = np.zeros(len(logs)) if dispatch else by_estimate(features)
        yield Example(task.cost_model, rows.workload, rows.target, features, logs, ran, estimated)


def _described(task: Task) -> bool:
    """Whether there are features: of an op of a program, where its inputs' sources are known."""
    learned = isinstance(task.question, LearnedQuestion) and bool(task.sources)
    return isinstance(task, DispatchTask) or learned


def fit(
    training: Sequence[Example],
    settings: Mapping[str, Any] = SETTINGS,
    *,
    rounds: int = ROUNDS,
) -> CostModel:
    """The cost model that the examples teach. Each weighs with the root of its size."""
    import lightgbm

    names = tuple(training[0].features[0])
    rows = _table(training, names)
    logs = np.concatenate([example.logs - example.estimated for example in training])
    sizes = [len(example.logs) for example in training]
    weights = np.concatenate([np.full(size, 1 / math.sqrt(size + 5)) for size in sizes])
    boosters = [
        lightgbm.train(
            {**settings, "seed": seed},
            lightgbm.Dataset(rows, logs, weight=weights),
            num_boost_round=rounds,
        )
        for seed in SEEDS
    ]
    dumps = [tree for booster in boosters for tree in booster.dump_model()["tree_info"]]
    targets = tuple(sorted({example.target for example in training}))
    trees = replace(_trees(dumps, names), targets=targets)
    ours = trees(trees.rows([row for example in training[:30] for row in example.features]))
    wanted = np.mean([booster.predict(rows[: len(ours)]) for booster in boosters], axis=0)
    apart = float(np.abs(ours - wanted).max())
    if apart > 1e-4:
        raise RuntimeError(f"the exported trees differ from LightGBM's by {apart}")
    return trees


def _table(some: Sequence[Example], names: Sequence[str]) -> np.ndarray:
    features = (row for example in some for row in example.features)
    return np.array([[row[name] for name in names] for row in features], np.float32)


def _trees(dump: Sequence[Mapping[str, Any]], names: Sequence[str]) -> CostModel:
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

    return CostModel(
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


Predict = Callable[[Sequence[Mapping[str, float]]], np.ndarray]
"""From the features of schedules to log latencies over that of IREE's default."""


def by_trees(trees: CostModel) -> Predict:
    """What trees predict."""
    return lambda features: trees(trees.rows(features))


def by_correcting(trees: CostModel) -> Predict:
    """What an estimate predicts that trees correct."""
    return lambda features: trees(trees.rows(features)) + by_estimate(features)


def by_estimate(features: Sequence[Mapping[str, float]]) -> np.ndarray:
    """What a static estimate predicts; no lead where IREE's choice is unknown."""
    found = np.array([row[f"{TO_IREE}estimate"] for row in features])
    return np.where(found == NONE, 0.0, found * math.log(2.0))


def by_sketch(features: Sequence[Mapping[str, float]]) -> np.ndarray:
    """What the estimate of schedules that are compared with a sketch predicts."""
    return np.array([row[SKETCH] for row in features]) * math.log(2.0)


def validate(
    predict: Predict, validation: Sequence[Example], margin: float
) -> dict[str, float]:
    """What predictions are worth on examples: mean rank correlation over those with five schedules
    that ran; speed-up over the default, in the geometric mean, of the schedule with the best one,
    where its lead is more than `margin`; how many of these are slower than 0.95x; and what the best
    schedules are worth."""
    ranks, chosen, best = [], [], []
    for example in validation:
        predicted = predict(example.features)
        if example.ran.sum() >= 5:
            ranks.append(spearman(predicted[example.ran], example.logs[example.ran]))
        first = int(predicted.argmin())
        chosen.append(example.logs[first] if predicted[first] < -margin else 0.0)
        best.append(min(0.0, example.logs.min()))
    return {
        "groups": len(validation),
        "spearman": float(np.nanmean(ranks)) if ranks else math.nan,
        "speedup": math.exp(-np.mean(chosen)),
        "slower": float(sum(log > -math.log(0.95) for log in chosen)),
        "best_speedup": math.exp(-np.mean(best)),
    }


def _beginning(checkpoint: Path, start: Path | None) -> Path:
    """The checkpoint that gets the cost models: one that is there, or the `start` of a new one.

    Raises InputError for a new one that is there already, CheckpointError for a start that cannot
    be used.
    """
    if start is None:
        return load(checkpoint).directory
    if checkpoint.exists():
        raise InputError(
            f"{checkpoint} exists; leave out --from to train its cost model anew, or give another"
            " name"
        )
    return load(None if start == RELEASED else start).directory


def main(arguments: Sequence[str] | None = None) -> int:
    """Train from the command line, print the validation's figures, complete the checkpoint."""
    parser = argparse.ArgumentParser(prog="tlm-mlir cost-model", description=main.__doc__)
    parser.add_argument("checkpoint", type=Path)
    text = "of records that do not say what IREE does by itself, as those of bundles do"
    parser.add_argument("--corpus", type=Path, metavar="F.jsonl.xz", help=text)
    parser.add_argument("--records", type=Path, nargs="+", required=True, metavar="F.jsonl.xz")
    parser.add_argument("--iree", metavar="VERSION", help="whose records (the installed one's)")
    parser.add_argument("--validation", type=float, default=0.08, help="share of workloads")
    parser.add_argument("--margin", type=float, default=MARGIN, help="of the printed figures")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="trees of each ensemble")
    text = "CHECKPOINT is new, and otherwise like this one, or like the `released` one"
    parser.add_argument("--from", dest="start", type=Path, metavar="DIR", help=text)
    options = parser.parse_args(arguments)
    begin = _beginning(options.checkpoint, options.start)
    entries = read_corpus(options.corpus) if options.corpus else []
    sources = {entry.workload: entry.source for entry in entries}
    reader = Reader(options.records, options.iree)
    found = list(examples(reader, sources))
    print(reader.summary())
    held = [example for example in found if share(example.workload) < options.validation]
    training = [example for example in found if share(example.workload) >= options.validation]
    if not training:
        raise InputError(f"the records hold nothing to learn from: {reader.summary()}; give others")
    made: dict[str, bytes] = {}
    for model in sorted({example.model for example in training}):
        some = [example for example in training if example.model == model]
        sketched = SKETCH in some[0].features[0]
        corrects = any(example.estimated.any() for example in some)
        settings = CORRECTING if corrects else SETTINGS
        if sketched:
            settings = {**SETTINGS, "alpha": MEDIAN}
        trees = fit(some, settings, rounds=options.rounds)
        mine = [example for example in held if example.model == model]
        figures = {"cost model": by_correcting(trees) if corrects else by_trees(trees)}
        margin = LearnedQuestion.margin or 0.0 if corrects else options.margin
        if f"{TO_IREE}estimate" in some[0].features[0]:
            figures["estimate"] = by_estimate
        if sketched:
            figures["estimate"], margin = by_sketch, 0.0
        for name, predict in figures.items() if mine else ():
            worth = validate(predict, mine, margin)
            print(json.dumps({"model": model, "by": name, **worth}))
        made[cost_model_file(model)] = trees.to_bytes()
    add(begin, made, options.checkpoint)
    return 0
