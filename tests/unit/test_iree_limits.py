# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/iree-limits.md: every limit has a test; and the tests of some that have no better place."""

from __future__ import annotations

from pathlib import Path

from documents import code_name, path_exists, ticked
from iree.compiler import ir

from tlm_mlir.decisions.layout import LAST
from tlm_mlir.decisions.points import early_task
from tlm_mlir.ir.graph import find_contractions, find_convolutions
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.iree.phases import GLOBAL_OPTIMIZATION, PREPROCESSING
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import LEAVE
from tlm_mlir.targets.target import CpuTarget

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "iree-limits.md"
CASES = ROOT / "tests" / "cases"
TARGET = CpuTarget("llvm-cpu", 256, 2, 32768, 524288, 33554432, features=("fma",))
COLLAPSED = """
util.func public @main(%x: tensor<4x6x16xf32>, %w: tensor<16x8xf32>) -> tensor<4x6x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x6x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x6x8xf32>) -> tensor<4x6x8xf32>
  %r = linalg.generic {indexing_maps = [
      affine_map<(h, w, o, c) -> (h, w, c)>, affine_map<(h, w, o, c) -> (c, o)>,
      affine_map<(h, w, o, c) -> (h, w, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x6x16xf32>, tensor<16x8xf32>) outs(%f : tensor<4x6x8xf32>) {
  ^body(%p: f32, %q: f32, %s: f32):
    %m = arith.mulf %p, %q : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  } -> tensor<4x6x8xf32>
  util.return %r : tensor<4x6x8xf32>
}
"""


def at(text: str, phase: str) -> tuple[Session, ir.Operation]:
    """A session, and a program in it at the end of a phase."""
    session = Session(CPU_FLAGS)
    return session, session.run(session.parse_text(text), None, phase)


def allowed(text: str, phase: str) -> list[list[str]]:
    """What may be chosen for each op that is asked about at a phase."""
    find = find_convolutions if phase == PREPROCESSING else find_contractions
    _, module = at(text, phase)
    return [early_task(op.workload, TARGET).grammar().cursor().allowed() for op in find(module)]


def test_every_limit_names_its_test() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")]
    limits = [row for row in rows if not row.startswith(("| limit", "| ---"))]
    assert len(limits) > 30
    for row in limits:
        tests = list(ticked(row.rstrip("| ").rsplit(" | ", 1)[1]))
        assert tests, row
        for test in tests:
            assert test.startswith("test_") or path_exists(test, DOCUMENT), row
            assert "/" in test or code_name(test), row


def test_im2col_is_not_offered_for_windows_with_gaps() -> None:
    assert allowed((CASES / "slow_w2.mlir").read_text(), PREPROCESSING) == [[LEAVE, LAST]]


def test_data_tiling_is_not_offered_for_booleans() -> None:
    text = (CASES / "c46b_bool_matrix_product.mlir").read_text()
    found = allowed(text, GLOBAL_OPTIMIZATION)
    assert found and all(options == [LEAVE] for options in found)


def test_what_is_collapsed_later_is_not_asked_about() -> None:
    assert allowed(COLLAPSED, GLOBAL_OPTIMIZATION) == []
