# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graph decisions: each is made for its op alone, and leaving all is what IREE does by itself."""

from pathlib import Path

import numpy as np
import pytest
from iree.compiler import ir

from tlm_mlir.decisions.im2col_script import im2col_script
from tlm_mlir.decisions.layout import Layout
from tlm_mlir.decisions.packing import HINT, Packing
from tlm_mlir.errors import InputError
from tlm_mlir.ir.graph import find_contractions, find_convolutions
from tlm_mlir.iree.flags import DATA_TILING
from tlm_mlir.iree.module import walk
from tlm_mlir.iree.phases import GLOBAL_OPTIMIZATION, PREPROCESSING
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import END
from tlm_mlir.measure.program_worker import Plan, compile_variant, time_variants
from tlm_mlir.training.corpus.one_op_programs import one_op_program
from tlm_mlir.training.corpus.settings import BASE_FLAGS

LAYOUT, PACKING = Layout(), Packing()
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


def open_to(site):
    """What a site's schedule may begin with."""
    return site.task.grammar().cursor().allowed()


def put(point, module, choice):
    """Applies choices at a point: a token for each site, or one for all."""
    sites = point.find(module, 2)
    each = [choice] * len(sites) if isinstance(choice, str) else choice
    schedules = [site.task.decode([token, END]) for site, token in zip(sites, each, strict=True)]
    point.apply(module, sites, schedules)


def lowered(source, layouts, tiling, *flags):
    session, module = stopped(source, PREPROCESSING, *flags)
    put(LAYOUT, module, layouts)
    module = session.run(module, PREPROCESSING, GLOBAL_OPTIMIZATION)
    put(PACKING, module, tiling)
    return dispatches(session.run(module, GLOBAL_OPTIMIZATION, "dispatch-creation"))


def test_what_reads_an_attention_is_not_tiled():
    """IREE would pack for it in the attention's dispatch, which then nobody could schedule."""
    _, module = stopped(ATTENDED, GLOBAL_OPTIMIZATION)
    assert [op.workload.extents for op in find_contractions(module)] == [(64, 24, 32)]


def test_only_the_chosen_convolution_is_rewritten():
    _, module = stopped(CONVOLUTIONS, PREPROCESSING)
    before = [str(op.operation).split(" ins(")[0] for op in find_convolutions(module)]
    assert len(before) == 3 and "kept" in before[1]
    put(LAYOUT, module, [IM2COL, LEAVE, LEAVE])
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
    _, module = stopped(CONVOLUTIONS, PREPROCESSING)
    put(LAYOUT, module, [LAST, LEAVE, LEAVE])
    _, first, second = find_convolutions(module)
    assert "kept" in str(first.operation) and "dense<2>" in str(second.operation)
    assert "conv_2d_nhwc_hwcf" in str(module) and "tensor<1x8x8x4xf32>" in str(module)
    _, module = stopped(CONVOLUTIONS, PREPROCESSING)
    put(LAYOUT, module, [LEAVE, IM2COL, LAST])
    assert len(find_convolutions(module)) == 2
    assert str(module).count("linalg.matmul") == 1 and "tensor<1x2x2x4xf32>" in str(module)


def test_channels_that_are_last_are_not_moved():
    _, module = stopped(CHANNELS_LAST, PREPROCESSING)
    (site,) = LAYOUT.find(module, 2)
    assert open_to(site) == [LEAVE, IM2COL]


def test_tiling_equals_the_stock_settings():
    assert lowered(MATMULS, [], LEAVE, DATA_TILING) == stock(MATMULS)
    assert lowered(MATMULS, [], TILED, DATA_TILING) == stock(MATMULS, DATA_TILING)


def test_only_the_chosen_contraction_is_tiled():
    text = lowered(MATMULS, [], [LEAVE, TILED], DATA_TILING)
    matmuls = [line for line in text.splitlines() if "linalg.matmul" in line]
    assert ["encoding" in line for line in matmuls] == [False, True]


def test_the_script_fails_on_a_program_with_other_convolutions(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a diagnostic is cut where a long path stands before it
    _, module = stopped(CONVOLUTIONS, PREPROCESSING)
    _, second, _ = find_convolutions(module)
    Path("layouts.mlir").write_text(str(im2col_script(module, [second.operation])))
    flag = "--iree-preprocessing-transform-spec-filename=layouts.mlir"
    _, module = stopped(CONVOLUTIONS, PREPROCESSING, flag)
    assert str(module).count("linalg.matmul") == 1
    with pytest.raises(Exception, match="expected to contain 3 payloads"):
        stopped(MATMULS, PREPROCESSING, flag)


def test_choices_must_fit_their_ops(tmp_path, monkeypatch):
    monkeypatch.setattr("tlm_mlir.measure.worker.Mark.capture_stderr", lambda self: None)
    mark, left = str(tmp_path / "mark"), f"{LEAVE} {END}"
    _, module = stopped(CONVOLUTIONS, PREPROCESSING)
    with pytest.raises(InputError, match="2 schedules for 3 sites"):
        compile_variant(CONVOLUTIONS, {"layout": (left, left)}, BASE_FLAGS, 2, mark)
    with pytest.raises(InputError, match="'graph:im2col' is no choice"):
        put(LAYOUT, module, [LEAVE, LEAVE, IM2COL])  # dilated
    with pytest.raises(InputError, match="'graph:tiled' is no choice"):
        put(LAYOUT, module, [TILED, LEAVE, LEAVE])
    with pytest.raises(InputError, match="no layout to decide"):
        compile_variant(MATMULS, {"layout": left}, BASE_FLAGS, 2, mark)


def test_the_grammar_asks_one_question_of_each_op():
    _, module = stopped(CONVOLUTIONS, PREPROCESSING)
    sites = LAYOUT.find(module, 2)
    assert [open_to(site) for site in sites] == [[LEAVE, LAST, IM2COL]] * 2 + [[LEAVE, LAST]]
    assert sites[0].task.prompt_tokens[-1] == "graph"
    _, module = stopped(MATMULS, GLOBAL_OPTIMIZATION)
    site, _ = PACKING.find(module, 2)
    assert site.workload.extents == (20, 32, 48)
    assert open_to(site) == [LEAVE, TILED]
    assert site.task.prompt_tokens[-1] == "graph"


@pytest.mark.parametrize(
    ("source", "variant"),
    [
        (CONVOLUTIONS, {"layout": (IM2COL, LEAVE, LEAVE)}),
        (CONVOLUTIONS, {"layout": (LAST, IM2COL, LAST)}),
        (CONVOLUTIONS, {"layout": (IM2COL, IM2COL, LEAVE), "packing": TILED}),
        (MATMULS, {"packing": (TILED, LEAVE)}),
        (MATMULS, {"packing": LEAVE, "dispatch": "pipeline:default"}),
    ],
)
def test_values_are_right(source, variant, tmp_path, monkeypatch):
    monkeypatch.setattr("tlm_mlir.measure.worker.Mark.capture_stderr", lambda self: None)
    mark = str(tmp_path / "mark")
    asked = {
        name: f"{some} {END}" if isinstance(some, str) else tuple(f"{one} {END}" for one in some)
        for name, some in variant.items()
    }
    built = [compile_variant(source, v, BASE_FLAGS, 2, mark) for v in ({}, asked)]
    plan = Plan(threads=1, reduction=48, min_seconds=0.0, budget=0.002, archive="")
    assert [found.status for found in time_variants(built, plan, mark)] == ["ok", "ok"]


def test_wrong_values_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tlm_mlir.measure.worker.Mark.capture_stderr", lambda self: None)
    mark = str(tmp_path / "mark")
    other = MATMULS.replace("arith.constant 0.0", "arith.constant 1.0")
    built = [compile_variant(text, {}, BASE_FLAGS, 2, mark) for text in (MATMULS, other)]
    plan = Plan(threads=1, reduction=48, min_seconds=0.0, budget=0.002, archive="")
    assert time_variants(built, plan, mark)[1].status == "wrong_values"


def test_a_one_op_program_has_the_op_of_its_network():
    session, module = stopped(MATMULS, GLOBAL_OPTIMIZATION)
    op = find_contractions(module)[1]
    source = one_op_program(op.operation)
    assert source is not None and '@w1 = #flow.parameter.named<"model"::"w1">' in source
    _, again = stopped(source, GLOBAL_OPTIMIZATION)
    assert [found.workload for found in find_contractions(again)] == [op.workload]
    assert np.prod(op.workload.extents) == 20 * 32 * 24
    assert isinstance(op.operation, ir.Operation)
