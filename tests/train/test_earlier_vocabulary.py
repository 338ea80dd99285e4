# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A checkpoint from before the words of GPUs: the released one with its last words cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

for package in ("torch", "transformers", "iree.turbine"):
    pytest.importorskip(package, reason="training needs the extra `train`")

from samples import TARGETS, WORKLOADS, convolution, matmul

from tlm_mlir.language import vocabulary
from tlm_mlir.model.checkpoint import cost_model_file, default_dir, load
from tlm_mlir.policy.scheduler import Scheduler
from tlm_mlir.targets import registry
from tlm_mlir.targets.target import GpuTarget
from tlm_mlir.training.fit.gpt2 import load_grown, load_network, publish_network

CPU = TARGETS["avx512"]
HOPPER = GpuTarget("cuda", 132, 32, 1024, (1024, 1024, 64), 232448)
WORDS = vocabulary.TOKENS.index(vocabulary.GPU[0])
NAMES = ("matmul", "softmax", "convolution", "attention")


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = load_network(default_dir())
    network.resize_token_embeddings(WORDS)
    tokens = vocabulary.TOKENS[:WORDS]
    name = cost_model_file("llvm-cpu")
    return publish_network(
        network,
        tmp_path_factory.mktemp("model") / "checkpoint",
        tokens=tokens,
        vocabulary=vocabulary.digest(tokens),
        extra={name: default_dir() / name},
    )


def test_it_writes_for_cpus_what_it_wrote_before(earlier: Path) -> None:
    assert load(earlier).words == WORDS < vocabulary.SIZE
    tasks = [registry.task(WORKLOADS[name], CPU) for name in NAMES]
    cut, whole = (Scheduler(path) for path in (earlier, None))
    for task in tasks:
        assert [task.text(s) for s in cut.sample(task, 4, 0)] == [
            task.text(s) for s in whole.sample(task, 4, 0)
        ]
    nothing = [None] * len(tasks)
    assert cut.ask(tasks, nothing) == whole.ask(tasks, nothing)


def test_gpus_whose_pipelines_it_does_not_know_are_left_to_iree(earlier: Path) -> None:
    tasks = [registry.task(workload, HOPPER) for workload in (matmul(), convolution())]
    scheduler = Scheduler(earlier)
    answers = scheduler.ask(tasks, [None, None])
    assert all(answer.schedule.is_default for answer in answers)
    assert all(task.schedulable for task in tasks)
    assert not scheduler.sample(tasks[0], 4, 0)


def test_training_goes_on_from_it(earlier: Path) -> None:
    network = load_grown(earlier, vocabulary.TOKENS)
    assert network.config.vocab_size == vocabulary.SIZE
