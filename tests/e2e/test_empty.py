# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs with ops over nothing, over most of which stock IREE ends the process.

Named after a bug: a matmul whose reduction has no steps ended the process without a line.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from running import loaded

from tlm_mlir.compiler.driver import compile_file
from tlm_mlir.compiler.options import Options
from tlm_mlir.errors import CompileError, InputError
from tlm_mlir.iree.module import walk
from tlm_mlir.iree.phases import PREPROCESSING
from tlm_mlir.iree.session import Session
from tlm_mlir.policy.scheduler import Scheduler

IDENTITY = "func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> { return %x : tensor<8xf32> }"


@pytest.fixture(scope="module")
def scheduler() -> Scheduler:
    return Scheduler()


def product(left: str, right: str, result: str, name: str) -> str:
    """A named contraction that adds to its third argument."""
    types = [f"tensor<{shape}xf32>" for shape in (left, right, result)]
    return f"""
func.func @main(%a: {types[0]}, %b: {types[1]}, %c: {types[2]}) -> {types[2]} {{
  %r = linalg.{name} ins(%a, %b : {types[0]}, {types[1]}) outs(%c : {types[2]}) -> {types[2]}
  return %r : {types[2]}
}}"""


PRODUCTS = {
    "no steps": ("5x0", "0x7", "5x7", "matmul"),
    "no steps of many": ("64x0", "0x64", "64x64", "matmul"),
    "one row, no steps": ("1x0", "0x7", "1x7", "matmul"),
    "no rows": ("0x5", "5x7", "0x7", "matmul"),
    "no columns": ("5x6", "6x0", "5x0", "matmul"),
    "nothing at all": ("0x0", "0x0", "0x0", "matmul"),
    "no batches": ("0x4x8", "0x8x6", "0x4x6", "batch_matmul"),
    "batches of no steps": ("2x4x0", "2x0x6", "2x4x6", "batch_matmul"),
    "vector of nothing": ("5x0", "0", "5", "matvec"),
    "no channels": ("1x8x8x0", "3x3x0x4", "1x6x6x4", "conv_2d_nhwc_hwcf"),
    "no filters": ("1x8x8x3", "3x3x3x0", "1x6x6x0", "conv_2d_nhwc_hwcf"),
    "no images": ("0x8x8x3", "3x3x3x4", "0x6x6x4", "conv_2d_nhwc_hwcf"),
    "no pixels": ("1x2x2x3", "3x3x3x4", "1x0x0x4", "conv_2d_nhwc_hwcf"),
    "no window": ("1x8x8x3", "0x0x3x4", "1x9x9x4", "conv_2d_nhwc_hwcf"),
    "no window of channels": ("1x3x8x8", "4x3x0x0", "1x4x9x9", "conv_2d_nchw_fchw"),
    "pool of nothing": ("1x8x8x4", "0x0", "1x9x9x4", "pooling_nhwc_sum"),
}


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("graph", [True, False])
def test_a_product_over_nothing_leaves_what_it_adds_to(
    name: str, graph: bool, tmp_path: Path, scheduler: Scheduler
) -> None:
    text, out = product(*PRODUCTS[name]), tmp_path / "out.vmfb"
    compile_file(text, out, Options(graph=graph), scheduler=scheduler)
    rng = np.random.default_rng(0)
    shapes = [tuple(map(int, shape.split("x"))) for shape in PRODUCTS[name][:3]]
    values = [rng.standard_normal(shape, np.float32) for shape in shapes]
    found = loaded(out)["main"](*values).to_host()
    np.testing.assert_array_equal(found, values[2])


def test_a_dynamic_number_of_rows_of_no_steps(tmp_path: Path, scheduler: Scheduler) -> None:
    text, out = product("?x0", "0x7", "?x7", "matmul"), tmp_path / "out.vmfb"
    compile_file(text, out, Options(), scheduler=scheduler)
    values = [np.zeros(shape, np.float32) for shape in ((3, 0), (0, 7))]
    added = np.arange(21, dtype=np.float32).reshape(3, 7)
    np.testing.assert_array_equal(loaded(out)["main"](*values, added).to_host(), added)


@pytest.mark.parametrize("text", [IDENTITY, product("0x5", "5x7", "0x7", "matmul")])
def test_a_program_without_dispatches_compiles(
    text: str, tmp_path: Path, scheduler: Scheduler
) -> None:
    """Named after a bug: it was said to hold no computation, though stock IREE compiles it."""
    source = tmp_path / "program.mlir"
    source.write_text(text)
    out = tmp_path / "out.vmfb"
    assert not compile_file(source, out, Options(), scheduler=scheduler).dispatches
    assert out.stat().st_size
    source.write_text("module {}")
    with pytest.raises(InputError, match="holds no computation"):
        compile_file(source, out, Options(), scheduler=scheduler)


ATTENTION = """
#q = affine_map<(b, m, n, k, p) -> (b, m, k)>
#k = affine_map<(b, m, n, k, p) -> (b, p, k)>
#v = affine_map<(b, m, n, k, p) -> (b, p, n)>
#s = affine_map<(b, m, n, k, p) -> ()>
#o = affine_map<(b, m, n, k, p) -> (b, m, n)>
func.func @main(%q: tensor<2x16x32xf32>, %k: tensor<2x0x32xf32>, %v: tensor<2x0x32xf32>)
    -> tensor<2x16x32xf32> {
  %empty = tensor.empty() : tensor<2x16x32xf32>
  %scale = arith.constant 0.1 : f32
  %r = iree_linalg_ext.attention <{indexing_maps = [#q, #k, #v, #s, #o]}>
      ins(%q, %k, %v, %scale : tensor<2x16x32xf32>, tensor<2x0x32xf32>, tensor<2x0x32xf32>, f32)
      outs(%empty : tensor<2x16x32xf32>) {
  ^bb0(%x: f32):
    iree_linalg_ext.yield %x : f32
  } -> tensor<2x16x32xf32>
  return %r : tensor<2x16x32xf32>
}"""
SCATTER = """
func.func @main(%o: tensor<8x4xf32>, %u: tensor<0x4xf32>, %i: tensor<0x1xi32>) -> tensor<8x4xf32> {
  %r = iree_linalg_ext.scatter dimension_map = [0] unique_indices(true)
      ins(%u, %i : tensor<0x4xf32>, tensor<0x1xi32>) outs(%o : tensor<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    iree_linalg_ext.yield %a : f32
  } -> tensor<8x4xf32>
  return %r : tensor<8x4xf32>
}"""


def test_an_attention_over_no_keys_is_refused(tmp_path: Path, scheduler: Scheduler) -> None:
    source, out = tmp_path / "program.mlir", tmp_path / "out.vmfb"
    source.write_text(ATTENTION)
    said = r"cannot compile iree_linalg_ext.attention over an empty tensor at .*program.mlir:11:8"
    with pytest.raises(CompileError, match=said):
        compile_file(source, out, Options(), scheduler=scheduler)


def test_only_what_is_over_nothing_is_folded() -> None:
    session = Session(Options().flags())
    for text, kept in (
        (SCATTER, set()),
        (product("5x6", "6x7", "5x7", "matmul"), {"linalg.matmul"}),
        (product("5x6", "6x0", "5x0", "matmul"), {"linalg.matmul"}),
        (product("?x6", "6x7", "?x7", "matmul"), {"linalg.matmul"}),
        (product("5x0", "0x7", "5x7", "matmul"), set()),
    ):
        module = session.run(session.parse_text(text), None, PREPROCESSING)
        names = {op.name for op in walk(module)}
        assert {name for name in names if name.startswith(("linalg.m", "iree_linalg"))} == kept
