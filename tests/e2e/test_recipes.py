# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The recipes of docs/recipes.md run as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "recipes.md").read_text()
RECIPES = {
    part.partition("\n")[0]: re.findall(r"^```python\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    for part in TEXT.split("\n## ")[1:]
}
FOREIGN = ("torch", "onnx")
"""What a recipe may need besides."""
PRIVATE = re.compile(r"\b_[a-z]|tlm_mlir\.[a-z_]+\.|from tlm_mlir")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_runs(name: str, tmp_path: Path) -> None:
    (block,) = RECIPES[name]
    for package in FOREIGN:
        if re.search(rf"^(import|from) {package}\b", block, re.MULTILINE):
            pytest.importorskip(package, reason=f"{package} is not installed")
    for model in ("model", "another"):
        shutil.copy(ROOT / "lit" / "softmax.mlir", tmp_path / f"{model}.mlir")
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert [path for path in tmp_path.glob("*.vmfb") if path.stat().st_size]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_needs_no_private_name(name: str) -> None:
    (block,) = RECIPES[name]
    assert not PRIVATE.search(block)


def test_names_that_are_not_public_are_found() -> None:
    for line in ("plan._session", "tlm_mlir.compiler.steps.read", "from tlm_mlir.iree import ops"):
        assert PRIVATE.search(line)
