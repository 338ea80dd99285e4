# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Comparing schedules with what IREE does by itself: by a cost model or by a static estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..errors import CheckpointError
from ..ir.lengths import lengths
from ..language.prompt import DECIDE
from ..language.schedule import Schedule
from ..targets.target import Target
from ..targets.task import Task
from .cost_model import CostModel

MEASUREMENTS = "a cost model that learned from measurements"
ESTIMATE = "a static estimate"
COUNT = "a count of what IREE computes again and again"


class Comparer:
    """Predicts how schedules compare with IREE's default. All tasks of a call are for one target
    and one kind of question."""

    def __init__(self, models: Mapping[str, CostModel], checkpoint: str) -> None:
        """`models` are cost models by their names (`checkpoint.cost_model_name`), of which the
        checkpoint with some name is made."""
        self._models, self._checkpoint = models, checkpoint

    def compared_by(self, task: Task) -> str:
        """What schedules of such a task are compared by: MEASUREMENTS, ESTIMATE or nothing.

        Where there is an estimate, a cost model serves only what resembles a target that it has
        measurements of.
        Raises CheckpointError for a dispatch where there is neither.
        """
        model = self._models.get(task.cost_model)
        if task.estimated:
            known = map(Target.from_json, model.targets if model else ())
            return MEASUREMENTS if any(map(task.target.resembles, known)) else ESTIMATE
        if model is not None:
            return MEASUREMENTS
        if task.question.token != DECIDE:
            return ""
        raise CheckpointError(
            f"checkpoint {self._checkpoint} has no cost model for {task.target.backend}; make one"
            " with `tlm-mlir cost-model`"
        )

    def predict(
        self,
        tasks: Sequence[Task],
        baselines: Sequence[Schedule | None],
        options: Sequence[Sequence[Schedule]],
    ) -> list[np.ndarray]:
        """Predicted log(latency / latency of IREE's default), an upper quantile.

        One array for each task, one value for each of its schedules; 0 for the default. `baselines`
        are what IREE does, None where that is not known: infinity by an estimate. Of a dynamic
        dispatch it is that at the length that was assumed, unless a schedule loses at some length.
        """
        found = self._predict(tasks, baselines, options)
        return [
            self._at_worst(*each) for each in zip(tasks, baselines, options, found, strict=True)
        ]

    def _at_worst(
        self,
        task: Task,
        baseline: Schedule | None,
        some: Sequence[Schedule],
        logs: np.ndarray,
    ) -> np.ndarray:
        """What is predicted of schedules of a task; of those that lose at some length, the loss.

        An estimate tells of all lengths by itself (`decisions/weights.py`, `panel_estimate.py`).
        """
        others = [] if task.estimated else lengths(task.workload)
        if not others:
            return logs
        alike = [replace(task, workload=workload) for workload in others]
        found = self._predict(alike, [baseline] * len(alike), [some] * len(alike))
        worst = np.max(found, axis=0)
        return np.where(worst > 0, worst, logs)

    def _predict(
        self,
        tasks: Sequence[Task],
        baselines: Sequence[Schedule | None],
        options: Sequence[Sequence[Schedule]],
    ) -> list[np.ndarray]:
        """Predictions for workloads with the extents that they have."""
        if not tasks:
            return []
        if self.compared_by(tasks[0]) != MEASUREMENTS:
            return [
                np.array([_estimated(task, baseline, s) for s in some])
                for task, baseline, some in zip(tasks, baselines, options, strict=True)
            ]
        model = self._models[tasks[0].cost_model]
        features: list[dict[str, float]] = []
        for task, baseline, some in zip(tasks, baselines, options, strict=True):
            if rest := [schedule for schedule in some if _compares(task, schedule)]:
                features += task.features(rest, task.reference or baseline)
        logs = iter(model(model.rows(features)))
        found = []
        for task, baseline, some in zip(tasks, baselines, options, strict=True):
            own = [next(logs) if _compares(task, schedule) else 0.0 for schedule in some]
            found.append(np.add(own, _leads(task, baseline, some)))
        return found


def _leads(task: Task, baseline: Schedule | None, some: Sequence[Schedule]) -> list[float]:
    """What an estimate tells of each schedule, to which a cost model adds its own."""
    if task.question.token != DECIDE:
        return [_estimated(task, baseline, schedule) for schedule in some]
    lead = _estimated(task, baseline, task.reference) if task.reference else 0.0
    return [0.0 if schedule.is_default else lead for schedule in some]


def _compares(task: Task, schedule: Schedule) -> bool:
    """Whether a cost model has to tell of a schedule: not where an estimate tells all."""
    known = schedule.is_default or schedule == task.reference
    return not known and (task.question.token == DECIDE or task.corrected(schedule))


def _estimated(task: Task, baseline: Schedule | None, schedule: Schedule) -> float:
    """The log of a schedule's estimate over that of what IREE does."""
    if schedule.is_default:
        return 0.0
    if baseline is None:
        return math.inf
    found = task.estimate(schedule)
    return math.inf if math.isinf(found) else math.log(found / task.estimate(baseline))
