# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A suite of somebody else's: two lines of configuration, and tests of schedules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INPUT = ROOT / "lit" / "Inputs" / "matmul.mlir"
CONFIG = """import tlm_mlir.lit
tlm_mlir.lit.configure(config, __file__)
"""
TEST = """// RUN: tlm-opt {input} --cpu x86-64-v3 --schedule '{schedule}' | FileCheck %s
// RUN: tlm-opt {input} --cpu x86-64-v3 --schedule '{schedule}' --emit=script > %t.mlir
// RUN: tlm-mlir check {input} --cpu x86-64-v3 --script %t.mlir

// CHECK: vector_common_parallel = [{rows}, 16, 0]
"""
SCHEDULE = (
    "pipeline:tile peel:no @vector 16 4 @reduce 4 @distribute 32 0 cache:no order:plain <end>"
)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "lit.cfg.py").write_text(CONFIG)
    for name, rows in (("right", 4), ("wrong", 8)):
        text = TEST.format(input=INPUT, schedule=SCHEDULE, rows=rows)
        (folder / f"{name}.mlir").write_text(text)
    return folder


def test_a_suite_of_somebody_elses(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A checkpoint that cannot be read would show that one was.
    monkeypatch.setenv("HOME", str(suite / "nowhere"))
    lit = Path(sys.executable).with_name("lit")
    ran = subprocess.run([lit, "-v", suite], capture_output=True, text=True, cwd=suite)
    lines = ran.stdout.splitlines()
    assert ran.returncode == 1
    assert any(line.startswith("PASS: mine :: right.mlir") for line in lines), ran.stdout
    assert any(line.startswith("FAIL: mine :: wrong.mlir") for line in lines), ran.stdout
    assert (suite.parent / "build" / "lit").is_dir()


def test_words_of_run_lines_are_whole(suite: Path) -> None:
    """A path with the name of a tool in it stays as it is."""
    (suite / "tlm-opt.txt").write_text("tlm-mlir\n")
    (suite / "words.mlir").write_text(
        "// RUN: cat %S/tlm-opt.txt | FileCheck %s\n// RUN: FileCheck %s < %S/tlm-opt.txt\n"
        "// CHECK: tlm-mlir\n"
    )
    lit = Path(sys.executable).with_name("lit")
    ran = subprocess.run([lit, "-v", suite / "words.mlir"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
