# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The scheduler: asks the model for the schedules of workloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..ir.workload import Workload
from ..language import schedule as schedules
from ..language.grammar import Grammar
from ..language.prompt import header, prompt
from ..language.schedule import Schedule
from ..language.vocabulary import FAILED, ID, PERF, TOKENS, UNMEASURED
from ..model.checkpoint import load
from ..model.generate import generate
from ..model.judge import judge, last_logits
from ..model.performance import chance_of_slower, expected_log_latency
from ..model.prefill import Prompt, Tokens, prefill
from ..model.shapes import EXTEND
from ..model.step import Step
from ..targets import registry
from ..targets.target import Target

MARGIN = 0.25
"""How much faster (in log latency) the model must expect a schedule to be before it replaces IREE's
default, and..."""
RISK = 0.15
"""...the greatest chance that it is slower. Both set on the validation workloads
(model/README.md)."""


class Scheduler:
    """A loaded model. Opening takes some 50 ms once the model's step is compiled and cached."""

    def __init__(self, directory: Path | None = None) -> None:
        """Raises CheckpointError for a checkpoint that is missing, damaged or of other words."""
        checkpoint = load(directory)
        self.identity = checkpoint.identity
        self._step = Step.open(checkpoint)
        self._headers: dict[Tokens, Prompt] = {}
        self.margin, self.risk = MARGIN, RISK

    def schedule(
        self, workloads: Sequence[Workload], target: Target, samples: int = 0, seed: int = 0
    ) -> list[Schedule]:
        """One schedule for each workload: one greedy generation, kept where it beats the default.

        The model itself judges that: it foretells the performance of what it wrote, relative to
        IREE's default. With `samples` it also draws that many more per workload and keeps the best
        judged. Nothing is measured. The same input gives the same output.
        """
        prompts = [prompt(workload, target) for workload in workloads]
        grammars = [registry.grammar(workload, target) for workload in workloads]
        default = [registry.backend(target).DEFAULT, schedules.END]
        known = self._prefill(prompts, target)
        answers = self._ask(prompts, grammars, default, samples, seed, known)
        return [
            schedules.decode(words, registry.space_maker(workload, target))
            for words, workload in zip(answers, workloads, strict=True)
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
            known = max(len(header(target)), len(question) - EXTEND[1])
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

    def _ask(
        self,
        prompts: Sequence[list[int]],
        grammars: Sequence[Grammar],
        default: Sequence[str],
        samples: int,
        seed: int,
        known: Mapping[Tokens, Prompt],
    ) -> list[list[str]]:
        """Token strings of the best judged answer to each prompt, the default among them."""
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
        standard = [ID[token] for token in default]
        best = []
        options = [
            [tokens for tokens in written[i : i + copies] if tokens != standard]
            for i in range(0, len(written), copies)
        ]
        distributions = self._judge(
            [question for question, some in zip(prompts, options, strict=True) for _ in some],
            [tokens for some in options for tokens in some],
            known,
        )
        at = 0
        for grammar, some in zip(grammars, options, strict=True):
            foretold = distributions[at : at + len(some)]
            at += len(some)
            # IREE's default stays unless it is not to be trusted.
            optional = bool(grammar.cursor().mask()[standard[0]])
            best.append(self._better(some, foretold, optional) or standard)
        return [[TOKENS[token] for token in tokens] for tokens in best]

    def _better(
        self, some: list[list[int]], foretold: np.ndarray, optional: bool
    ) -> list[int] | None:
        """The best of some answers, None where IREE's default is better or less of a risk."""
        expected = expected_log_latency(foretold)
        if optional:
            expected[chance_of_slower(foretold) > self.risk] = np.inf
        if not len(some) or (optional and expected.min() >= -self.margin):
            return None
        return some[int(expected.argmin())]

    def sample(self, workload: Workload, target: Target, count: int, seed: int) -> list[str]:
        """`count` schedules as token text: the greedy one, then samples; never the default."""
        grammar = registry.grammar(workload, target)
        question = prompt(workload, target)
        written = generate(
            self._step,
            [question] * count,
            [grammar.cursor() for _ in range(count)],
            perf_token=ID[PERF[0]],
            temperature=[0.0 if i == 0 else 0.6 + 0.8 * i / count for i in range(count)],
            seed=seed,
            prefilled=self._prefill([question], target),
        )
        texts = [" ".join(TOKENS[token] for token in tokens) for tokens in written]
        default = registry.backend(target).DEFAULT
        return [text for text in texts if not text.startswith(default)]

    def expect(self, workload: Workload, target: Target, texts: Sequence[str]) -> np.ndarray:
        """Expected log latency over that of IREE's default, of schedules as token text."""
        question = prompt(workload, target)
        tokens = [[ID[word] for word in text.split()] for text in texts]
        known = self._prefill([question], target)
        return expected_log_latency(self._judge([question] * len(texts), tokens, known))

    def _judge(
        self,
        prompts: Sequence[list[int]],
        segments: Sequence[Sequence[int]],
        known: Mapping[Tokens, Prompt],
    ) -> np.ndarray:
        """What is foretold of finished schedules after their prompts, [n, 11] (judge)."""
        return judge(
            self._step,
            prompts,
            segments,
            unknown_token=ID[UNMEASURED],
            perf_tokens=[ID[token] for token in (*PERF, FAILED)],
            prefilled=known,
        )
