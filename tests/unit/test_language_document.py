# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/language.md: the worked matmul is what it says, and its generator is a space."""

from __future__ import annotations

import re
from pathlib import Path

from samples import matmul

from tlm_mlir.language.sampling import draw
from tlm_mlir.language.space import Choice, Size
from tlm_mlir.targets import registry
from tlm_mlir.targets.target import CpuTarget

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "language.md").read_text()
TASK = registry.task(
    matmul(), CpuTarget("llvm-cpu", 512, 2, 3 << 14, 1 << 21, 3 << 27, features=("fma",))
)


def block(language: str) -> str:
    """The first fenced block of a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"no block of {language}"
    return found[1]


def test_the_prompt() -> None:
    assert block("prompt").split() == TASK.prompt_tokens


def test_the_schedule_is_what_iree_is_told() -> None:
    configuration = TASK.configuration(TASK.parse(block("schedule")))
    found = (configuration.ops[0]["lowering_config"], configuration.function["translation_info"])
    assert block("mlir").splitlines() == list(found)


def test_the_space() -> None:
    names: dict[str, object] = {"Choice": Choice, "Size": Size}
    exec(compile(block("python"), "language.md", "exec"), names)
    space = names["space"]
    assert callable(space)

    def choose(knob: object) -> object:
        return knob.options[1] if isinstance(knob, Choice) else 8

    schedule = draw(space(matmul()), choose)
    assert schedule.pipeline == "pipeline:tile"
    assert [schedule.size("vector", dim, 0) for dim in range(3)] == [8, 8, 8]
