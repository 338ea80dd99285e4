# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The exported step on IREE's runtime against the torch model it came from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra train)")
pytest.importorskip("transformers", reason="transformers is not installed (extra train)")
pytest.importorskip("iree.turbine", reason="iree-turbine is not installed (extra train)")

from tlm_mlir.errors import CheckpointError
from tlm_mlir.model import checkpoint
from tlm_mlir.model.generate import generate
from tlm_mlir.model.last_logits import last_logits
from tlm_mlir.model.prefill import prefill
from tlm_mlir.model.shapes import DECODE_WIDTHS
from tlm_mlir.model.step import HIDDEN, Step
from tlm_mlir.training.fit.gpt2 import new_network, publish_network

VOCABULARY = 20
NEW = 3
END, PERF = 1, 2
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def network() -> Any:
    made = new_network(VOCABULARY, layers=2, embedding=32, heads=2, positions=640, seed=1).eval()
    with torch.no_grad():
        # Initial weights are so small that every logit is near zero; make errors visible.
        for parameter in made.parameters():
            parameter.mul_(4)
    return made


@pytest.fixture(scope="module")
def directory(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = tuple(f"w{i}" for i in range(VOCABULARY))
    path = tmp_path_factory.mktemp("model") / "checkpoint"
    return publish_network(network, path, tokens=words, vocabulary="test")


@pytest.fixture(scope="module")
def step(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Step]:
    found = checkpoint.load(directory, vocabularies={"test": VOCABULARY})
    # Of a vocabulary that has grown since.
    yield Step.open(found, cache=tmp_path_factory.mktemp("cache"), words=VOCABULARY + NEW)


class Free:
    """Any token from 4 up, `length` times, then <end>."""

    def __init__(self, length: int) -> None:
        self.left, self.done = length, False

    def mask(self) -> np.ndarray:
        mask = np.zeros(VOCABULARY, bool)
        mask[4:] = self.left > 0
        mask[END] = self.left == 0
        return mask

    def push(self, token: int) -> None:
        self.left -= 1
        self.done = token == END


def _logits(network: Any, tokens: list[int]) -> np.ndarray:
    with torch.no_grad():
        return network(torch.tensor([tokens])).logits[0].numpy()


def _prompts(lengths: list[int]) -> list[list[int]]:
    random = np.random.default_rng(0)
    return [random.integers(4, VOCABULARY, size=n).tolist() for n in lengths]


@pytest.mark.parametrize("width", DECODE_WIDTHS)
def test_logits_agree(network: Any, step: Step, width: int) -> None:
    prompts = _prompts([3, 255, 256, 257, 600, 90, 91])
    known = prefill(step, prompts)
    cache = step.allocate(width, 640)
    mask = np.full((width, 640), HIDDEN, np.float32)
    tokens, positions = np.zeros(width, np.int32), np.zeros(width, np.int32)
    for place, prompt in enumerate(prompts):
        known[tuple(prompt)].copy_to(cache, place)
        mask[place, : len(prompt)] = 0
        tokens[place], positions[place] = 5 + place, len(prompt)
    found, _ = step.decode(tokens, positions, mask, cache)
    for place, prompt in enumerate(prompts):
        wanted = _logits(network, [*prompt, 5 + place])[-1]
        assert np.abs(wanted).max() > 0.1
        np.testing.assert_allclose(found[place, :VOCABULARY], wanted, atol=TOLERANCE)
        assert (found[place, VOCABULARY:] == -np.inf).all()


def test_greedy_generation_agrees(network: Any, step: Step) -> None:
    prompts = _prompts([40, 300, 7])
    found = generate(step, prompts, [Free(12) for _ in prompts], perf_token=PERF)
    again = generate(step, prompts, [Free(12) for _ in prompts], perf_token=PERF)
    assert found == again
    for prompt, tokens in zip(prompts, found, strict=True):
        assert len(tokens) == 13
        logits = _logits(network, [*prompt, PERF, *tokens])[len(prompt) : -2]
        chosen = logits[np.arange(12), tokens[:12]]
        assert (chosen >= logits[:, 4:].max(1) - TOLERANCE).all()


def test_generation_past_the_first_growth(network: Any, step: Step) -> None:
    (prompt,) = _prompts([20])
    (tokens,) = generate(step, [prompt], [Free(120)], perf_token=PERF)
    logits = _logits(network, [*prompt, PERF, *tokens])[len(prompt) : -2]
    assert (logits[np.arange(120), tokens[:120]] >= logits[:, 4:].max(1) - TOLERANCE).all()


def test_last_logits_agree(network: Any, step: Step) -> None:
    prompts = [p for p in _prompts([30, 280, 120]) for _ in range(6)]
    segments = [[*s, END] for s in _prompts([10 + 3 * i for i in range(18)])]
    found = last_logits(step, prompts, segments, prefill(step, prompts))
    for row, prompt, segment in zip(found, prompts, segments, strict=True):
        wanted = [*_logits(network, [*prompt, *segment])[-1], *NEW * [-np.inf]]
        np.testing.assert_allclose(row, wanted, atol=TOLERANCE)


def test_parameters_are_the_checkpoints_keys(directory: Path) -> None:
    import re

    from safetensors import safe_open

    with safe_open(directory / "model.safetensors", "np") as stream:
        keys = set(stream.keys())
    named = re.findall(
        r'parameter\.named<"model"::"([^"]+)">', (directory / "step.mlir").read_text()
    )
    assert set(named) == keys
    assert all(key.startswith("transformer.") for key in keys)


def test_weights_of_another_size_are_refused(directory: Path, tmp_path: Path) -> None:
    other = new_network(VOCABULARY, layers=1, embedding=32, heads=2, positions=640)
    other.save_pretrained(tmp_path / "hf")
    files: dict[str, bytes | Path] = {
        "config.json": directory / "config.json",
        "step.mlir": directory / "step.mlir",
        "model.safetensors": tmp_path / "hf" / "model.safetensors",
    }
    made = checkpoint.publish(tmp_path / "ck", files, ["w"] * VOCABULARY, vocabulary="test")
    with pytest.raises(CheckpointError, match="do not fit"):
        found = checkpoint.load(made, vocabularies={"test": VOCABULARY})
        Step.open(found, cache=tmp_path / "cache", words=VOCABULARY)
