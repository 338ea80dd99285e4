# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graph decisions: each is made for its op alone, and leaving all is what IREE does by itself."""

import numpy as np
import pytest
from iree.compiler import ir

from tlm_mlir.compiler.graph import (
    HINT,
    LAYOUTS,
    TILING,
    TILING_FLAG,
    apply_layouts,
    apply_tiling,
)
from tlm_mlir.compiler.layouts import layout_script
from tlm_mlir.errors import InputError
from tlm_mlir.ir.graph import find_contractions, find_convolutions
from tlm_mlir.iree.executable_target import device_target
from tlm_mlir.iree.module import walk
from tlm_mlir.iree.session import Session
from tlm_mlir.language.prompt import prompt_tokens
from tlm_mlir.measure.program_worker import Plan, Variant, compile_variant, time_variants
from tlm_mlir.targets import registry
from tlm_mlir.targets.llvm_cpu_graph import options
from tlm_mlir.targets.target import cpu_target
from tlm_mlir.training.corpus.entries import BASE_FLAGS
from tlm_mlir.training.corpus.one_op_programs import one_op_program

LEAVE, IM2COL, TILED = "graph:leave", "graph:im2col", "graph:tiled"
LAST = "graph:channels-last"
IM2COL_FLAG = "--iree-global-opt-use-im2col-for-convs"
LAST_FLAG = (
    "--iree-preprocessing-pass-pipeline="
    "builtin.module(util.func(iree-preprocessing-convert-conv-to-channels-last))"
)

CONVOLUTIONS = """
util.func public @main(%x: tensor<1x4x10x10xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<1x4x8x8xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %0 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>,
      strides = dense<1> : vector<2xi64>}
    ins(%x, %w : tensor<1x4x10x10xf32>, tensor<4x4x3x3xf32>)
    outs(%f0 : tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %e1 = tensor.empty() : tensor<1x4x6x6xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  %1 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, kept = "yes",
      strides = dense<1> : vector<2xi64>}
    ins(%0, %w : tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>)
    outs(%f1 : tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  %e2 = tensor.empty() : tensor<1x4x2x2xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32>
  %2 = linalg.conv_2d_nchw_fchw {dilations = dense<2> : vector<2xi64>,
      strides = dense<1> : vector<2xi64>}
    ins(%1, %w : tensor<1x4x6x6xf32>, tensor<4x4x3x3xf32>)
    outs(%f2 : tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32>
  util.return %2 : tensor<1x4x2x2xf32>
}
"""

CHANNELS_LAST = """
util.func public @main(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x4x4xf32>) -> tensor<1x6x6x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x6x6x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
  %0 = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : vector<2xi64>,
      strides = dense<1> : vector<2xi64>}
    ins(%x, %w : tensor<1x8x8x4xf32>, tensor<3x3x4x4xf32>)
    outs(%f : tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
  util.return %0 : tensor<1x6x6x4xf32>
}
"""

MATMULS = """
util.global private @w = #flow.parameter.named<"model"::"w"> : tensor<48x32xf32>
util.global private @v = #flow.parameter.named<"model"::"v"> : tensor<32x24xf32>
util.func public @main(%x: tensor<20x48xf32>) -> tensor<20x24xf32> {
  %w = util.global.load @w : tensor<48x32xf32>
  %v = util.global.load @v : tensor<32x24xf32>
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<20x32xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<20x32xf32>) -> tensor<20x32xf32>
  %0 = linalg.matmul ins(%x, %w : tensor<20x48xf32>, tensor<48x32xf32>)
    outs(%f0 : tensor<20x32xf32>) -> tensor<20x32xf32>
  %e1 = tensor.empty() : tensor<20x24xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<20x24xf32>) -> tensor<20x24xf32>
  %1 = linalg.matmul ins(%0, %v : tensor<20x32xf32>, tensor<32x24xf32>)
    outs(%f1 : tensor<20x24xf32>) -> tensor<20x24xf32>
  util.return %1 : tensor<20x24xf32>
}
"""

ATTENDED = """
util.global private @w = #flow.parameter.named<"model"::"w"> : tensor<128x32xf32>
util.global private @v = #flow.parameter.named<"model"::"v"> : tensor<32x24xf32>
util.func public @main(%q: tensor<4x64x32xf32>, %k: tensor<4x48x32xf32>,
                       %u: tensor<4x48x32xf32>) -> tensor<64x24xf32> {
  %w = util.global.load @w : tensor<128x32xf32>
  %v = util.global.load @v : tensor<32x24xf32>
  %zero = arith.constant 0.0 : f32
  %scale = arith.constant 0.17 : f32
  %e = tensor.empty() : tensor<4x64x32xf32>
  %a = iree_linalg_ext.attention <{indexing_maps = [
      affine_map<(b, m, n, k1, k2) -> (b, m, k1)>, affine_map<(b, m, n, k1, k2) -> (b, k2, k1)>,
      affine_map<(b, m, n, k1, k2) -> (b, k2, n)>, affine_map<(b, m, n, k1, k2) -> ()>,
      affine_map<(b, m, n, k1, k2) -> (b, m, n)>]}>
    ins(%q, %k, %u, %scale : tensor<4x64x32xf32>, tensor<4x48x32xf32>, tensor<4x48x32xf32>, f32)
    outs(%e : tensor<4x64x32xf32>) {
  ^bb0(%s: f32):
    iree_linalg_ext.yield %s : f32
  } -> tensor<4x64x32xf32>
  %et = tensor.empty() : tensor<64x4x32xf32>
  %t = linalg.transpose ins(%a : tensor<4x64x32xf32>) outs(%et : tensor<64x4x32xf32>)
    permutation = [1, 0, 2]
  %x = tensor.collapse_shape %t [[0], [1, 2]] : tensor<64x4x32xf32> into tensor<64x128xf32>
  %e0 = tensor.empty() : tensor<64x32xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<64x32xf32>) -> tensor<64x32xf32>
  %0 = linalg.matmul ins(%x, %w : tensor<64x128xf32>, tensor<128x32xf32>)
    outs(%f0 : tensor<64x32xf32>) -> tensor<64x32xf32>
  %e1 = tensor.empty() : tensor<64x24xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<64x24xf32>) -> tensor<64x24xf32>
  %1 = linalg.matmul ins(%0, %v : tensor<64x32xf32>, tensor<32x24xf32>)
    outs(%f1 : tensor<64x24xf32>) -> tensor<64x24xf32>
  util.return %1 : tensor<64x24xf32>
}
"""


def stopped(source, stop, *flags):
    session = Session([*BASE_FLAGS, *flags])
    return session, session.run(session.parse_text(source), None, stop)


def dispatches(module):
    """The program after dispatch creation as text, without hints."""
    for operation in walk(module):
        if HINT in operation.attributes:
            del operation.attributes[HINT]
    return str(module)


def stock(source, *flags):
    return dispatches(stopped(source, "dispatch-creation", *flags)[1])


def lowered(source, layouts, tiling, *flags):
    session, module = stopped(source, LAYOUTS, *flags)
    apply_layouts(module, layouts)
    module = session.run(module, LAYOUTS, TILING)
    count = len(find_contractions(module))
    apply_tiling(module, [tiling] * count if isinstance(tiling, str) else tiling)
    return dispatches(session.run(module, TILING, "dispatch-creation"))


def test_what_reads_an_attention_is_not_tiled():
    """IREE would pack for it in the attention's dispatch, which then nobody could schedule."""
    _, module = stopped(ATTENDED, TILING)
    assert [op.workload.extents for op in find_contractions(module)] == [(64, 24, 32)]


def test_only_the_chosen_convolution_is_rewritten():
    _, module = stopped(CONVOLUTIONS, LAYOUTS)
    before = [str(op.operation).split(" ins(")[0] for op in find_convolutions(module)]
    assert len(before) == 3 and "kept" in before[1]
    apply_layouts(module, [IM2COL, LEAVE, LEAVE])
    left = [str(op.operation).split(" ins(")[0] for op in find_convolutions(module)]
    assert [text.split(" = ", 1)[1] for text in left] == [
        text.split(" = ", 1)[1] for text in before[1:]
    ]
    assert str(module).count("linalg.matmul") == 1
    assert "tlm." not in str(module)


def test_layouts_equal_the_stock_settings():
    assert lowered(CONVOLUTIONS, [LEAVE] * 3, LEAVE) == stock(CONVOLUTIONS)
    ours = lowered(CONVOLUTIONS, [IM2COL, IM2COL, LEAVE], LEAVE)
    assert ours == stock(CONVOLUTIONS, IM2COL_FLAG)
    assert lowered(CONVOLUTIONS, [LAST] * 3, LEAVE) == stock(CONVOLUTIONS, LAST_FLAG)


def test_each_convolution_has_a_layout_of_its_own():
    _, module = stopped(CONVOLUTIONS, LAYOUTS)
    apply_layouts(module, [LAST, LEAVE, LEAVE])
    first, second = find_convolutions(module)
    assert "kept" in str(first.operation) and "dense<2>" in str(second.operation)
    assert "tensor<1x1x8x8x4xf32>" in str(module)
    _, module = stopped(CONVOLUTIONS, LAYOUTS)
    apply_layouts(module, [LEAVE, IM2COL, LAST])
    assert len(find_convolutions(module)) == 1
    assert str(module).count("linalg.matmul") == 1 and "tensor<1x1x2x2x4xf32>" in str(module)


def test_channels_that_are_last_are_not_moved():
    _, module = stopped(CHANNELS_LAST, LAYOUTS)
    (op,) = find_convolutions(module)
    assert options(op.workload) == (LEAVE, IM2COL)


def test_tiling_equals_the_stock_settings():
    assert lowered(MATMULS, [], LEAVE, TILING_FLAG) == stock(MATMULS)
    assert lowered(MATMULS, [], TILED, TILING_FLAG) == stock(MATMULS, TILING_FLAG)


def test_only_the_chosen_contraction_is_tiled():
    text = lowered(MATMULS, [], [LEAVE, TILED], TILING_FLAG)
    matmuls = [line for line in text.splitlines() if "linalg.matmul" in line]
    assert ["encoding" in line for line in matmuls] == [False, True]


def test_the_script_fails_on_a_program_with_other_convolutions(tmp_path):
    _, module = stopped(CONVOLUTIONS, LAYOUTS)
    path = tmp_path / "layouts.mlir"
    path.write_text(str(layout_script(module, [LEAVE, IM2COL, LEAVE])))
    flag = f"--iree-preprocessing-transform-spec-filename={path}"
    _, module = stopped(CONVOLUTIONS, LAYOUTS, flag)
    assert str(module).count("linalg.matmul") == 1
    with pytest.raises(Exception, match="expected to contain 3 payloads"):
        stopped(MATMULS, LAYOUTS, flag)


def test_choices_must_fit_their_ops():
    _, module = stopped(CONVOLUTIONS, LAYOUTS)
    with pytest.raises(InputError, match="2 choices for 3 ops"):
        apply_layouts(module, [LEAVE, LEAVE])
    with pytest.raises(InputError, match="does not allow 'graph:im2col'"):
        apply_layouts(module, [LEAVE, LEAVE, IM2COL])  # dilated
    with pytest.raises(InputError, match="does not allow 'graph:tiled'"):
        apply_layouts(module, [TILED, LEAVE, LEAVE])


def test_the_grammar_asks_one_question_of_each_op():
    session, module = stopped(CONVOLUTIONS, LAYOUTS)
    target = cpu_target(device_target(module), 2)
    workloads = [op.workload for op in find_convolutions(module)]
    choices = [registry.graph_task(w, target).grammar().cursor().allowed() for w in workloads]
    assert choices == [[LEAVE, LAST, IM2COL], [LEAVE, LAST, IM2COL], [LEAVE, LAST]]
    assert prompt_tokens(workloads[0], target, "graph")[-1] == "graph"
    _, module = stopped(MATMULS, TILING)
    workload = find_contractions(module)[0].workload
    assert workload.extents == (20, 32, 48)
    assert registry.graph_task(workload, target).grammar().cursor().allowed() == [LEAVE, TILED]


@pytest.mark.parametrize(
    ("source", "variant"),
    [
        (CONVOLUTIONS, Variant((IM2COL, LEAVE, LEAVE))),
        (CONVOLUTIONS, Variant((LAST, IM2COL, LAST))),
        (CONVOLUTIONS, Variant((IM2COL, IM2COL, LEAVE), TILED)),
        (MATMULS, Variant(tiling=(TILED, LEAVE))),
    ],
)
def test_values_are_right(source, variant, tmp_path, monkeypatch):
    monkeypatch.setattr("tlm_mlir.measure.worker.Mark.capture_stderr", lambda self: None)
    mark = str(tmp_path / "mark")
    built = [compile_variant(source, v, BASE_FLAGS, mark) for v in (Variant(), variant)]
    plan = Plan(threads=1, reduction=48, min_seconds=0.0, budget=0.002, archive="")
    assert [found.status for found in time_variants(built, plan, mark)] == ["ok", "ok"]


def test_wrong_values_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tlm_mlir.measure.worker.Mark.capture_stderr", lambda self: None)
    mark = str(tmp_path / "mark")
    other = MATMULS.replace("arith.constant 0.0", "arith.constant 1.0")
    built = [compile_variant(text, Variant(), BASE_FLAGS, mark) for text in (MATMULS, other)]
    plan = Plan(threads=1, reduction=48, min_seconds=0.0, budget=0.002, archive="")
    assert time_variants(built, plan, mark)[1].status == "wrong_values"


def test_a_one_op_program_has_the_op_of_its_network():
    session, module = stopped(MATMULS, TILING)
    op = find_contractions(module)[1]
    source = one_op_program(op.operation)
    assert source is not None and '@w1 = #flow.parameter.named<"model"::"w1">' in source
    _, again = stopped(source, TILING)
    assert [found.workload for found in find_contractions(again)] == [op.workload]
    assert np.prod(op.workload.extents) == 20 * 32 * 24
    assert isinstance(op.operation, ir.Operation)
