# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The training loop: pre-training on unmeasured schedules and learning from records.

A plain torch loop: packed rows with a block attention mask are outside what transformers' Trainer
collates, and resuming must not read pickles. Ctrl-C ends the run after the current step, with its
state saved. Under `torchrun` each process takes its share of every batch, gradients are averaged.
"""

from __future__ import annotations

import dataclasses
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tlm_mlir.errors import CheckpointError, InputError
from tlm_mlir.training.fit import state
from tlm_mlir.training.fit.dataset import Group, Special, special_tokens
from tlm_mlir.training.fit.evaluate import rank_groups, validation_loss
from tlm_mlir.training.fit.gpt2 import (
    Precision,
    autocast,
    logits,
    teach,
    to_tensors,
    value_loss,
    weighted_loss,
)
from tlm_mlir.training.fit.packing import Batches, Document


@dataclass(frozen=True)
class Settings:
    """What decides a run's result. `steps` optimizer steps of `rows` x `length` tokens.

    Attention costs rows x length^2, and a prompt is repeated in every row: 384 tokens are the
    fastest on a CPU (measured).
    """

    steps: int = 2000
    rows: int = 21
    length: int = 384
    objective: str = "all"
    outcome_share: float = 0.6
    outcome_weight: float = 8.0
    value_weight: float = 0.5
    focus: float = 1.0
    cap: int = 0
    learning_rate: float = 1e-3
    warmup: float = 0.03
    final_rate: float = 0.05
    weight_decay: float = 0.05
    clip: float = 1.0
    precision: Precision = "auto"
    seed: int = 0

    def batches(self, groups: Sequence[Group], special: Special) -> Batches:
        """The batches of these settings over `groups`."""
        if self.objective not in ("all", "best"):
            raise InputError(f"objective {self.objective!r} is unknown; use 'all' or 'best'")
        return Batches(
            groups,
            special,
            rows=self.rows,
            length=self.length,
            objective="best" if self.objective == "best" else "all",
            outcome_share=self.outcome_share,
            outcome_weight=self.outcome_weight,
            focus=self.focus,
            cap=self.cap,
        )

    def rate(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then cosine down to `final_rate` of the peak."""
        warm = max(1, round(self.warmup * self.steps))
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        done = min(1.0, (step - warm) / max(1, self.steps - warm))
        cosine = 0.5 * (1 + math.cos(math.pi * done))
        return self.learning_rate * (self.final_rate + (1 - self.final_rate) * cosine)


@dataclass(frozen=True)
class Workers:
    """The processes of a run under torchrun (one otherwise)."""

    rank: int = 0
    count: int = 1

    @classmethod
    def join(cls) -> Workers:
        """Join torchrun's process group if there is one."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            return cls()
        import torch

        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        return cls(int(os.environ["RANK"]), count)

    def average(self, network: Any) -> None:
        """Average the gradients over all processes."""
        if self.count == 1:
            return
        import torch

        for parameter in network.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            torch.distributed.all_reduce(parameter.grad)
            parameter.grad /= self.count


class _Stop:
    """Ctrl-C asks for a stop after the step; a second one interrupts at once."""

    def __init__(self) -> None:
        self.asked = False
        self._old: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._old = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if self._old is not None:
            signal.signal(signal.SIGINT, self._old)

    def _ask(self, *_: object) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


Report = Callable[[dict[str, float]], None]


def train(
    network: Any,
    groups: Sequence[Group],
    validation: Sequence[Group],
    settings: Settings,
    run: Path | str,
    *,
    special: Special | None = None,
    teacher: Any = None,
    save_minutes: float = 5.0,
    evaluate_steps: int = 200,
    report: Report | None = None,
) -> state.Progress:
    """Train `network` in place until `settings.steps`, resuming what `run` holds.

    Of groups that are kept it learns to predict what the `teacher` does, a network that knows the
    first words.

    `report` gets a dict per step (step, loss, rate, tokens_per_second) and, every `evaluate_steps`
    and at the end, one with validation_loss and what `rank_groups` says. Returns the progress,
    whose `step` is less than `settings.steps` if the run was stopped by Ctrl-C. Raises
    CheckpointError if the state in `run` is damaged or has other settings.
    """
    loop = _Loop(network, settings, Path(run), special or special_tokens(), teacher)
    loop.resume()
    return loop.run_all(groups, validation, save_minutes * 60, evaluate_steps, report or _silent)


def _silent(_: dict[str, float]) -> None:
    pass


class _Loop:
    def __init__(
        self, network: Any, settings: Settings, run: Path, special: Special, teacher: Any
    ) -> None:
        import torch

        self.workers = Workers.join()
        local = int(os.environ.get("LOCAL_RANK", "0"))
        device = torch.device(f"cuda:{local}" if torch.cuda.is_available() else "cpu")
        self.network = network.to(device)
        self.teacher = teacher.to(device).eval() if teacher is not None else None
        self.device, self.settings, self.run, self.special = device, settings, run, special
        self.optimizer = _optimizer(network, settings)
        self.progress = state.Progress(settings=dataclasses.asdict(settings))
        torch.manual_seed(settings.seed + 1000 * self.workers.rank)

    def resume(self) -> None:
        """Take up the newest state of the run, if there is one."""
        found = state.latest(self.run)
        if found is None:
            return
        progress = state.load(found, self.network, self.optimizer)
        if progress.settings != self.progress.settings:
            raise CheckpointError(
                f"the run {self.run} was started with other settings; use a new directory or the "
                "old settings"
            )
        self.progress = progress

    def run_all(
        self,
        groups: Sequence[Group],
        validation: Sequence[Group],
        save_seconds: float,
        evaluate_steps: int,
        report: Report,
    ) -> state.Progress:
        stream = self._stream(self.settings.batches(groups, self.special))
        saved = began = time.monotonic()
        before = self.progress.seconds
        with _Stop() as stop:
            while self.progress.step < self.settings.steps and not stop.asked:
                report(self._step(next(stream)))
                now = time.monotonic()
                self.progress.seconds = before + now - began
                last = self.progress.step == self.settings.steps
                if validation and (self.progress.step % evaluate_steps == 0 or last):
                    found = self._evaluate(validation)
                    self.progress.history.append(found)
                    report(found)
                if now - saved > save_seconds:
                    self._save()
                    saved = now
            self._save()
        return self.progress

    def _save(self) -> None:
        if self.workers.rank == 0:
            state.save(self.run, self.network, self.optimizer, self.progress)

    def _stream(self, batches: Batches) -> Iterator[list[list[Document]]]:
        """Batches from where the progress stands, without end; this process's share of each."""
        if not batches.groups:
            raise InputError("there is nothing to train on; give records or schedules")
        while True:
            epoch = batches.epoch(_epoch_seed(self.settings.seed, self.progress.epoch))
            if not epoch:
                raise InputError(
                    f"no segment with its prompt fits {self.settings.length} tokens, or none was "
                    "measured; give more records or longer rows"
                )
            self._batches = batches
            while self.progress.batch < len(epoch):
                rows = epoch[self.progress.batch]
                self.progress.batch += 1
                yield rows[self.workers.rank :: self.workers.count] or rows[:1]
            self.progress.epoch += 1
            self.progress.batch = 0

    def _step(self, rows: list[list[Document]]) -> dict[str, float]:
        import torch

        began = time.monotonic()
        rate = self.settings.rate(self.progress.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        tensors = to_tensors(self._batches.collate(rows), self.device)
        taught = None
        with autocast(self.device, self.settings.precision):
            scores = logits(self.network, tensors)
            if self.teacher is not None:
                taught = teach(self.teacher, tensors, self.teacher.config.vocab_size)
        loss = weighted_loss(scores, tensors, taught)
        total = loss
        if self.settings.value_weight:
            total = loss + self.settings.value_weight * value_loss(
                scores, tensors, self.special.perf
            )
        total.backward()
        self.workers.average(self.network)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.progress.step += 1
        count = tensors["tokens"].numel() * self.workers.count
        self.progress.tokens += count
        return {
            "step": self.progress.step,
            "loss": float(loss.detach()),
            "rate": rate,
            "tokens_per_second": count / (time.monotonic() - began),
        }

    def _evaluate(self, groups: Sequence[Group]) -> dict[str, float]:
        batches = dataclasses.replace(self.settings, cap=64).batches(groups, self.special)
        precision = self.settings.precision
        return {
            "step": self.progress.step,
            "validation_loss": validation_loss(self.network, batches, precision=precision),
            **rank_groups(self.network, groups, self.special, precision=precision),
        }


def _epoch_seed(seed: int, epoch: int) -> int:
    return seed * 1_000_003 + epoch


def _optimizer(network: Any, settings: Settings) -> Any:
    """AdamW; no decay on biases and layer norms."""
    import torch

    matrices = [p for p in network.parameters() if p.ndim >= 2]
    vectors = [p for p in network.parameters() if p.ndim < 2]
    return torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": settings.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
        betas=(0.9, 0.95),
    )
