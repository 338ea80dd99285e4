# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values of products whose weights are packed, and of convolutions with channels moved last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from running import loaded

from tlm_mlir.decisions.channels_last import CONVOLUTION, LAST, move_channels_last
from tlm_mlir.decisions.im2col_script import IM2COL
from tlm_mlir.decisions.layout import Layout
from tlm_mlir.decisions.pack_weights import find_form, pack_weights
from tlm_mlir.ir.reader import read_op
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.iree.module import walk
from tlm_mlir.iree.phases import GLOBAL_OPTIMIZATION, PREPROCESSING
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import Decision, Schedule

Shape = tuple[int, ...]


def program(op: str, attributes: str, x: Shape, w: Shape, out: Shape, kind: str = "f32") -> str:
    """A function of one op with two inputs, whose result begins with zeros."""
    x_, w_, out_ = ("x".join(map(str, shape)) + f"x{kind}" for shape in (x, w, out))
    zero = "0" if kind.startswith("i") else "0.0"
    return f"""
util.func public @main(%x: tensor<{x_}>, %w: tensor<{w_}>) -> tensor<{out_}> {{
  %zero = arith.constant {zero} : {kind}
  %e = tensor.empty() : tensor<{out_}>
  %f = linalg.fill ins(%zero : {kind}) outs(%e : tensor<{out_}>) -> tensor<{out_}>
  %0 = {op} {attributes} ins(%x, %w : tensor<{x_}>, tensor<{w_}>)
    outs(%f : tensor<{out_}>) -> tensor<{out_}>
  util.return %0 : tensor<{out_}>
}}
"""


def slides(stride: int, dilation: int) -> str:
    return (
        f"{{dilations = dense<{dilation}> : vector<2xi64>,"
        f" strides = dense<{stride}> : vector<2xi64>}}"
    )


NHWC, GROUPED = "linalg.conv_2d_nhwc_hwcf", "linalg.conv_2d_ngchw_fgchw"
TRANSPOSED = (
    "indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,"
    " affine_map<(m, n, k) -> (m, n)>]"
)
PRODUCTS = {
    "matmul": (program("linalg.matmul", "", (12, 20), (20, 64), (12, 64)), 16),
    "matmul, rows prime": (program("linalg.matmul", "", (13, 20), (20, 64), (13, 64)), 32),
    "matmul, one row": (program("linalg.matmul", "", (1, 20), (20, 64), (1, 64)), 8),
    "weights by columns": (program("linalg.matmul", TRANSPOSED, (12, 20), (64, 20), (12, 64)), 16),
    "integers": (program("linalg.matmul", "", (12, 20), (20, 64), (12, 64), "i32"), 16),
    "batch": (program("linalg.batch_matmul", "", (3, 12, 20), (3, 20, 64), (3, 12, 64)), 16),
    "window": (program(NHWC, slides(1, 1), (1, 8, 9, 4), (3, 3, 4, 32), (1, 6, 7, 32)), 16),
    "window, several images": (
        program(NHWC, slides(1, 1), (2, 8, 9, 4), (3, 3, 4, 32), (2, 6, 7, 32)), 8,
    ),
    "window, strided": (
        program(NHWC, slides(2, 1), (1, 9, 9, 4), (3, 3, 4, 32), (1, 4, 4, 32)), 16,
    ),
    "window, stride 3": (
        program(NHWC, slides(3, 1), (1, 11, 11, 4), (3, 3, 4, 32), (1, 3, 3, 32)), 16,
    ),
    "window, dilated": (
        program(NHWC, slides(1, 2), (1, 9, 9, 4), (3, 3, 4, 32), (1, 5, 5, 32)), 16,
    ),
    "window, both": (
        program(NHWC, slides(2, 2), (1, 11, 11, 4), (3, 3, 4, 32), (1, 4, 4, 32)), 16,
    ),
    "point, strided": (
        program(NHWC, slides(2, 1), (1, 9, 9, 4), (1, 1, 4, 32), (1, 5, 5, 32)), 16,
    ),
}


def run(text: str, rewrite, phase: str, folder: Path) -> np.ndarray:  # type: ignore[no-untyped-def]
    """What a program computes on integers, rewritten at a phase."""
    session = Session([*CPU_FLAGS, "--iree-llvmcpu-target-cpu=x86-64-v3"])
    module = session.run(session.parse_text(text), None, phase)
    rewrite(module)
    assert module.verify()
    session.finish(module, phase, folder / "out.vmfb")
    kinds = text.partition("@main(")[2].partition(")")[0].split("tensor<")[1:]
    inputs = []
    for seed, kind in enumerate(kinds):
        *sizes, name = kind.partition(">")[0].split("x")
        dtype = {"f32": np.float32, "i32": np.int32}[name]
        draw = np.random.default_rng(seed).integers(-4, 5, tuple(map(int, sizes)))
        inputs.append(draw.astype(dtype))
    return np.asarray(loaded(folder / "out.vmfb")["main"](*inputs).to_host())


@pytest.mark.parametrize("name", PRODUCTS)
def test_packed_weights_compute_the_same(name: str, tmp_path: Path) -> None:
    text, block = PRODUCTS[name]
    found = []

    def pack(module) -> None:  # type: ignore[no-untyped-def]
        for operation in walk(module):
            if operation.name.startswith("linalg.") and len(operation.operands) == 3:
                workload = read_op(operation)
                form = find_form(workload, 1) if workload else None
                assert form is not None
                pack_weights(operation, form, block)
                found.append(form)

    packed = run(text, pack, GLOBAL_OPTIMIZATION, tmp_path)
    assert len(found) == 1
    np.testing.assert_array_equal(packed, run(text, lambda m: None, PREPROCESSING, tmp_path))


def test_what_cannot_be_packed_is_told() -> None:
    session = Session(CPU_FLAGS)
    sizes = (1, 4, 8, 8), (16, 4, 3, 3), (1, 16, 6, 6)
    text = program("linalg.conv_2d_nchw_fchw", slides(1, 1), *sizes)
    module = session.run(session.parse_text(text), None, PREPROCESSING)
    (convolution,) = [op for op in walk(module) if op.name == "linalg.conv_2d_nchw_fchw"]
    # Its filters are not the result's innermost dim; the image is no weight at all.
    workload = read_op(convolution)
    assert workload is not None
    assert find_form(workload, 1) is None
    assert find_form(workload, 0) is None


@pytest.mark.parametrize("stride, packed", [(1, True), (2, False)])
def test_strided_windows_of_several_images_are_not_packed(stride: int, packed: bool) -> None:
    session = Session(CPU_FLAGS)
    rows = (9 - 3) // stride + 1
    sizes = (2, 9, 9, 4), (3, 3, 4, 32), (2, rows, rows, 32)
    module = session.run(
        session.parse_text(program(NHWC, slides(stride, 1), *sizes)), None, PREPROCESSING
    )
    (convolution,) = [op for op in walk(module) if op.name == NHWC]
    workload = read_op(convolution)
    assert workload is not None
    assert (find_form(workload, 1) is not None) == packed


@pytest.mark.parametrize(
    "stride, dilation, packed",
    [(3, 2, False), (4, 2, False), (2, 3, False), (2, 2, True), (3, 1, True), (1, 2, True)],
)
def test_strided_windows_whose_dilation_iree_cannot_tile_are_not_packed(
    stride: int, dilation: int, packed: bool
) -> None:
    """Found by the campaign of values: they fell back to IREE's default."""
    session = Session([*CPU_FLAGS, "--iree-llvmcpu-target-cpu=x86-64-v3"])
    read = 4 * stride + 2 * dilation + 1
    sizes = (1, read, read, 4), (3, 3, 4, 32), (1, 5, 5, 32)
    text = program(NHWC, slides(stride, dilation), *sizes)
    module = session.run(session.parse_text(text), None, PREPROCESSING)
    (convolution,) = [op for op in walk(module) if op.name == NHWC]
    workload = read_op(convolution)
    assert workload is not None
    assert (find_form(workload, 1) is not None) == packed


CHAIN = """
util.func public @main(%x: tensor<1x4x9x9xf32>, %w: tensor<8x4x3x3xf32>, %d: tensor<8x3x3xf32>,
    %v: tensor<16x8x1x1xf32>, %b: tensor<8xf32>) -> tensor<1x16x3x3xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<1x8x7x7xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<1x8x7x7xf32>) -> tensor<1x8x7x7xf32>
  %0 = linalg.conv_2d_nchw_fchw
      {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%x, %w : tensor<1x4x9x9xf32>, tensor<8x4x3x3xf32>)
    outs(%f0 : tensor<1x8x7x7xf32>) -> tensor<1x8x7x7xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(n, c, h, w) -> (n, c, h, w)>,
      affine_map<(n, c, h, w) -> (c)>, affine_map<(n, c, h, w) -> (n, c, h, w)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%0, %b : tensor<1x8x7x7xf32>, tensor<8xf32>) outs(%e0 : tensor<1x8x7x7xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<1x8x7x7xf32>
  %padded = tensor.pad %1 low[0, 0, 1, 2] high[0, 0, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x8x7x7xf32> to tensor<1x8x9x9xf32>
  %e2 = tensor.empty() : tensor<1x8x7x7xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<1x8x7x7xf32>) -> tensor<1x8x7x7xf32>
  %2 = linalg.depthwise_conv_2d_nchw_chw
      {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%padded, %d : tensor<1x8x9x9xf32>, tensor<8x3x3xf32>)
    outs(%f2 : tensor<1x8x7x7xf32>) -> tensor<1x8x7x7xf32>
  %3 = linalg.generic {indexing_maps = [affine_map<(n, c, h, w) -> (n, c, h, w)>,
      affine_map<(n, c, h, w) -> (n, c, h, w)>, affine_map<(n, c, h, w) -> (n, c, h, w)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%2, %1 : tensor<1x8x7x7xf32>, tensor<1x8x7x7xf32>) outs(%e2 : tensor<1x8x7x7xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<1x8x7x7xf32>
  %window = tensor.empty() : tensor<3x3xf32>
  %low = arith.constant -1.0e+30 : f32
  %e4 = tensor.empty() : tensor<1x8x3x3xf32>
  %f4 = linalg.fill ins(%low : f32) outs(%e4 : tensor<1x8x3x3xf32>) -> tensor<1x8x3x3xf32>
  %4 = linalg.pooling_nchw_max
      {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
    ins(%3, %window : tensor<1x8x7x7xf32>, tensor<3x3xf32>)
    outs(%f4 : tensor<1x8x3x3xf32>) -> tensor<1x8x3x3xf32>
  %e5 = tensor.empty() : tensor<1x16x3x3xf32>
  %f5 = linalg.fill ins(%zero : f32) outs(%e5 : tensor<1x16x3x3xf32>) -> tensor<1x16x3x3xf32>
  %5 = linalg.conv_2d_nchw_fchw
      {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%4, %v : tensor<1x8x3x3xf32>, tensor<16x8x1x1xf32>)
    outs(%f5 : tensor<1x16x3x3xf32>) -> tensor<1x16x3x3xf32>
  util.return %5 : tensor<1x16x3x3xf32>
}
"""
"""Two convolutions, and between them all that follows the layout of the first."""


def test_what_lies_between_convolutions_follows_them(tmp_path: Path) -> None:
    def move(module) -> None:  # type: ignore[no-untyped-def]
        convolutions = [op for op in walk(module) if op.name == CONVOLUTION]
        assert len(convolutions) == 2
        move_channels_last(module, convolutions)
        text = str(module)
        assert "nchw" not in text and text.count("nhwc") == 4
        # Of the program's image alone.
        assert text.count("permutation = [0, 2, 3, 1]") == 1

    moved = run(CHAIN, move, PREPROCESSING, tmp_path)
    np.testing.assert_array_equal(moved, run(CHAIN, lambda m: None, PREPROCESSING, tmp_path))


def test_padding_by_what_is_computed_in_its_region_stays() -> None:
    inside = "    %twice = arith.addf %zero, %zero : f32\n    tensor.yield %twice : f32"
    text = CHAIN.replace("    tensor.yield %zero : f32", inside)
    module = Session(CPU_FLAGS).parse_text(text)
    move_channels_last(module, [op for op in walk(module) if op.name == CONVOLUTION])
    assert module.verify()
    assert "tensor<1x8x7x7xf32> to tensor<1x8x9x9xf32>" in str(module)


def test_a_choice_of_another_layout_beside_it_is_kept() -> None:
    session = Session(CPU_FLAGS)
    module = session.run(session.parse_text(CHAIN), None, PREPROCESSING)
    layout = Layout()
    sites = layout.find(module, 2)
    choices = [Schedule((Decision("graph", -1, what),)) for what in (LAST, IM2COL)]
    layout.apply(module, sites, choices)
    text = str(module)
    assert "linalg.conv_2d_nchw_fchw" not in text
    assert text.count("linalg.conv_2d_nhwc_hwcf") == 1
    assert text.count("linalg.matmul") + text.count("linalg.batch_matmul") == 1
