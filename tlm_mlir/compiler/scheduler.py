# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The scheduler: asks the model for the schedules of workloads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..ir.workload import Workload
from ..language import schedule as schedules
from ..language.prompt import prompt
from ..language.schedule import Schedule
from ..language.vocabulary import FAILED, ID, PERF, TOKENS, UNMEASURED
from ..model.checkpoint import load
from ..model.generate import generate
from ..model.judge import judge
from ..model.performance import expected_log_latency
from ..model.prefill import prefill
from ..model.step import Step
from ..targets import registry
from ..targets.target import Target

MARGIN = 0.05
"""How much faster (in log latency) the model must expect a schedule to be before it replaces IREE's
default: a near-tie is not worth a change."""


class Scheduler:
    """A loaded model. Opening takes some 50 ms once the model's step is compiled and cached."""

    def __init__(self, directory: Path | None = None) -> None:
        """Raises CheckpointError when the checkpoint is missing, damaged or of another vocabulary."""
        checkpoint = load(directory)
        self.identity = checkpoint.identity
        self._step = Step.open(checkpoint)

    def schedule(
        self, workloads: Sequence[Workload], target: Target, samples: int = 0, seed: int = 0
    ) -> list[Schedule]:
        """One schedule for each workload: one greedy generation, kept where it beats the default.

        The model itself judges that: it predicts the performance of what it wrote and of IREE's
        default. With `samples` it also draws that many more per workload and keeps the best judged.
        Nothing is measured. The same input gives the same output.
        """
        grammars = [registry.grammar(workload, target) for workload in workloads]
        prompts = [prompt(workload, target) for workload in workloads]
        known = prefill(self._step, prompts)
        copies = 1 + samples
        written = generate(
            self._step,
            [item for item in prompts for _ in range(copies)],
            [grammar.cursor() for grammar in grammars for _ in range(copies)],
            perf_token=ID[PERF[0]],
            temperature=[0.0 if i == 0 else 1.0 for _ in prompts for i in range(copies)],
            seed=seed,
            prefilled=known,
        )
        default = [ID[token] for token in _default_tokens(target)]
        options = [
            [default, *written[i * copies : (i + 1) * copies]] for i in range(len(workloads))
        ]
        flat_prompts = [prompts[i] for i, some in enumerate(options) for _ in some]
        scores = expected_log_latency(
            judge(
                self._step,
                flat_prompts,
                [tokens for some in options for tokens in some],
                unknown_token=ID[UNMEASURED],
                perf_tokens=[ID[token] for token in (*PERF, FAILED)],
                prefilled=known,
            )
        ).reshape(len(workloads), copies + 1)
        return [
            _decode(some[_best(row)], workload, target)
            for some, row, workload in zip(options, scores, workloads, strict=True)
        ]


    def sample(self, workload: Workload, target: Target, count: int, seed: int) -> list[str]:
        """`count` schedules as token text: the greedy one, then samples; the default is left out."""
        grammar = registry.grammar(workload, target)
        question = prompt(workload, target)
        written = generate(
            self._step,
            [question] * count,
            [grammar.cursor() for _ in range(count)],
            perf_token=ID[PERF[0]],
            temperature=[0.0 if i == 0 else 0.6 + 0.8 * i / count for i in range(count)],
            seed=seed,
        )
        texts = [" ".join(TOKENS[token] for token in tokens) for tokens in written]
        default = registry.backend(target).DEFAULT
        return [text for text in texts if not text.startswith(default)]


def _default_tokens(target: Target) -> list[str]:
    return [registry.backend(target).DEFAULT, schedules.END]


def _best(scores: np.ndarray) -> int:
    """The best judged candidate, or 0 (the default) when none is better by the margin."""
    best = 1 + int(np.argmin(scores[1:]))
    return best if scores[best] < scores[0] - MARGIN else 0


def _decode(tokens: Sequence[int], workload: Workload, target: Target) -> Schedule:
    words = [TOKENS[token] for token in tokens]
    return schedules.decode(words, registry.space_maker(workload, target))


def default_schedule(workload: Workload, target: Target) -> Schedule:
    """The schedule that leaves a workload to IREE."""
    return schedules.decode(_default_tokens(target), registry.space_maker(workload, target))


