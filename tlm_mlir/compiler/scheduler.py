# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The scheduler: asks the model for the schedules of workloads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ..errors import CheckpointError
from ..ir.workload import Workload
from ..language import schedule as schedules
from ..language.prompt import header, prompt
from ..language.schedule import Schedule
from ..language.vocabulary import ID, PERF, TOKENS
from ..model.checkpoint import load
from ..model.generate import generate
from ..model.last_logits import last_logits
from ..model.prefill import Prompt, Tokens, prefill
from ..model.shapes import ROW
from ..model.step import Step
from ..model.trees import Trees
from ..targets import registry
from ..targets.target import Target

MARGIN = 0.3
"""How much faster (in log latency) a schedule must be foretold to be before it replaces IREE's
default. Set on the validation workloads (model/README.md)."""
ESTIMATED_SAMPLES = 7
"""Schedules that are drawn besides the greedy one where a static estimate chooses: it does not err
by itself, so the more the better; every 32 take 0.2 s to write on two cores with AVX2."""


class Scheduler:
    """A loaded model. Opening takes a tenth of a second once its step is compiled and cached."""

    def __init__(self, directory: Path | None = None) -> None:
        """Raises CheckpointError for a checkpoint that is missing, damaged or of other words."""
        self._checkpoint = load(directory)
        self.identity = self._checkpoint.identity
        self._step = Step.open(self._checkpoint)
        self._step.warm_up()
        self._judges = {
            backend: Trees.load(self._checkpoint.judge(backend))
            for backend in self._checkpoint.judged()
        }
        self._headers: dict[Tokens, Prompt] = {}
        self.margin = MARGIN

    def schedule(
        self,
        workloads: Sequence[Workload],
        target: Target,
        own: Sequence[Schedule | None],
        samples: int | None = None,
        seed: int = 0,
    ) -> list[Schedule]:
        """One schedule for each workload: one greedy generation, kept where it beats the default.

        `own` is what IREE would do with each (`compiler.own`), None where that is not known: the
        judge foretells how a schedule compares with it. With `samples` the model also draws that
        many more per workload, and the best judged is kept; unless told, it does so by an estimate
        alone (ESTIMATED_SAMPLES). Nothing is measured. The same input gives the same output. Raises
        CheckpointError if the target has neither judge nor estimate.
        """
        if samples is None:
            samples = 0 if self.judges(target) else ESTIMATED_SAMPLES
        copies = 1 + samples
        prompts = [prompt(workload, target) for workload in workloads]
        written = generate(
            self._step,
            [item for item in prompts for _ in range(copies)],
            [registry.grammar(w, target).cursor() for w in workloads for _ in range(copies)],
            perf_token=ID[PERF[0]],
            temperature=[0.0 if i == 0 else 1.0 for _ in prompts for i in range(copies)],
            seed=seed,
            prefilled=self._prefill(prompts, target),
        )
        options = [
            [self._decode(tokens, workload, target) for tokens in written[i : i + copies]]
            for workload, i in zip(workloads, range(0, len(written), copies), strict=True)
        ]
        foretold = self.foretell(workloads, target, own, options)
        standards = [registry.default_schedule(workload, target) for workload in workloads]
        return [
            self._better(some, logs, standard)
            for some, logs, standard in zip(options, foretold, standards, strict=True)
        ]

    def judges(self, target: Target) -> bool:
        """Whether a judge that was trained on measurements foretells for the target. If not, a
        static estimate does: a judge serves other targets than those measured only where there is
        no estimate. Raises CheckpointError where there is neither."""
        judge = self._judges.get(target.backend)
        if target.backend in registry.ESTIMATES:
            return judge is not None and target.to_json() in judge.targets
        if judge is not None:
            return True
        raise CheckpointError(
            f"checkpoint {self._checkpoint.directory} has no judge for {target.backend}; make"
            " one with `python -m tlm_mlir.training.fit.cost_model`"
        )

    def _better(
        self, some: Sequence[Schedule], foretold: np.ndarray, standard: Schedule | None
    ) -> Schedule:
        """The best of some schedules, or IREE's default where none has a clear lead over it."""
        best = int(foretold.argmin())
        if standard is not None and foretold[best] >= -self.margin:
            return standard
        return some[best]

    @staticmethod
    def _decode(tokens: Sequence[int], workload: Workload, target: Target) -> Schedule:
        words = [TOKENS[token] for token in tokens]
        return schedules.decode(words, registry.space_maker(workload, target))

    def foretell(
        self,
        workloads: Sequence[Workload],
        target: Target,
        own: Sequence[Schedule | None],
        options: Sequence[Sequence[Schedule]],
    ) -> list[np.ndarray]:
        """For each workload, the log latency over that of IREE's default that each of its schedules
        stays under more often than not (training/fit/cost_model.py); 0 for the default itself. For
        a target without a judge, what a static estimate says.

        Raises CheckpointError if the target has neither.
        """
        default = registry.backend(target).DEFAULT
        if not self.judges(target):
            return [
                np.array([_estimate(w, target, mine, s, default) for s in some])
                for w, mine, some in zip(workloads, own, options, strict=True)
            ]
        judge = self._judges[target.backend]
        facts: list[dict[str, float]] = []
        for workload, mine, some in zip(workloads, own, options, strict=True):
            rest = [schedule for schedule in some if schedule.choice("pipeline") != default]
            if rest:
                facts += registry.facts(workload, target, rest, mine)
        logs = iter(judge(judge.rows(facts)))
        return [
            np.array([0.0 if s.choice("pipeline") == default else next(logs) for s in some])
            for some in options
        ]

    def choose(self, workloads: Sequence[Workload], target: Target) -> list[str]:
        """The graph-level token for each op: what the model writes when asked for speed.

        An answer is one token, so the question needs no generation: it is read off the prompt.
        """
        if not workloads:
            return []
        prompts, rests = [], []
        for workload in workloads:
            question = [*prompt(workload, target, "graph"), ID[PERF[0]]]
            # The rest goes through the model in one piece where it can.
            known = max(len(header(target)), len(question) - ROW)
            prompts.append(question[:known])
            rests.append(question[known:])
        logits = last_logits(self._step, prompts, rests, self._prefill(prompts, target))
        allowed = [registry.graph_grammar(w, target).cursor().mask() for w in workloads]
        best = np.where(np.array(allowed), logits, -np.inf).argmax(-1)
        return [TOKENS[token] for token in best]

    def _prefill(self, prompts: Sequence[Sequence[int]], target: Target) -> dict[Tokens, Prompt]:
        """The prompts run through the model, what they say of the target only once."""
        start = tuple(header(target))
        if start not in self._headers:
            self._headers |= prefill(self._step, [start])
        rest = [tokens for tokens in prompts if tuple(tokens) != start]
        return self._headers | prefill(self._step, rest, self._headers[start])

    def sample(self, workload: Workload, target: Target, count: int, seed: int) -> list[Schedule]:
        """`count` schedules: the greedy one, then samples; never the default."""
        question = prompt(workload, target)
        written = generate(
            self._step,
            [question] * count,
            [registry.grammar(workload, target).cursor() for _ in range(count)],
            perf_token=ID[PERF[0]],
            temperature=[0.0 if i == 0 else 0.6 + 0.8 * i / count for i in range(count)],
            seed=seed,
            prefilled=self._prefill([question], target),
        )
        found = [self._decode(tokens, workload, target) for tokens in written]
        default = registry.backend(target).DEFAULT
        return [schedule for schedule in found if schedule.choice("pipeline") != default]


def _estimate(
    workload: Workload, target: Target, own: Schedule | None, schedule: Schedule, default: str
) -> float:
    """The log of a schedule's estimate over that of IREE's own choice, which must be known."""
    if schedule.choice("pipeline") == default:
        return 0.0
    if own is None:
        return math.inf
    estimate = partial(registry.estimate, workload, target)
    return math.log(estimate(schedule) / estimate(own))
