# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values of grouped convolutions with channels last, and of what sums them up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from running import loaded
from test_pack_weights import program, run, slides

from tlm_mlir.decisions.channels_last import move_channels_last
from tlm_mlir.decisions.grouped_last import GROUPED
from tlm_mlir.decisions.pack_weights import find_form, pack_weights
from tlm_mlir.decisions.weights import blocks
from tlm_mlir.ir.reader import read_op
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.iree.module import walk
from tlm_mlir.iree.phases import GLOBAL_OPTIMIZATION, PREPROCESSING
from tlm_mlir.iree.session import Session

CONVOLUTIONS = ("linalg.conv_2d_nchw_fchw", GROUPED)


def moved(module) -> None:  # type: ignore[no-untyped-def]
    move_channels_last(module, [op for op in walk(module) if op.name in CONVOLUTIONS])
    assert not any(op.name in CONVOLUTIONS for op in walk(module))


def grouped(stride: int, dilation: int, batch: int = 1, filters: int = 8) -> str:
    """Three groups of four channels, to five rows of six points."""
    high, wide = ((points - 1) * stride + 2 * dilation + 1 for points in (5, 6))
    shapes = (batch, 3, 4, high, wide), (3, filters, 4, 3, 3), (batch, 3, filters, 5, 6)
    return program(GROUPED, slides(stride, dilation), *shapes)


@pytest.mark.parametrize(
    "stride, dilation, batch", [(1, 1, 1), (2, 1, 1), (3, 1, 1), (1, 2, 1), (2, 2, 1), (1, 1, 2)]
)
def test_packed_groups_compute_the_same(
    stride: int, dilation: int, batch: int, tmp_path: Path
) -> None:
    """A window strided over groups was not packed, and took 2 clocks a product."""
    text = grouped(stride, dilation, batch)
    session = Session([*CPU_FLAGS, "--iree-llvmcpu-target-cpu=x86-64-v3"])
    module = session.run(session.parse_text(text), None, PREPROCESSING)
    moved(module)
    module = session.run(module, PREPROCESSING, GLOBAL_OPTIMIZATION)
    found = 0
    for operation in walk(module):
        workload = read_op(operation) if len(operation.operands) == 3 else None
        form = find_form(workload, 1) if workload else None
        if form is not None:
            assert blocks(form) == (8,)
            pack_weights(operation, form, 8)
            found += 1
    assert found == 1 and module.verify()
    session.finish(module, GLOBAL_OPTIMIZATION, tmp_path / "out.vmfb")
    assert_same(text, tmp_path)


def assert_same(text: str, folder: Path) -> None:
    """Whether `out.vmfb` in a folder computes what IREE does by itself."""
    kinds = text.partition("@main(")[2].partition(")")[0].split("tensor<")[1:]
    inputs = [
        np.random.default_rng(seed)
        .integers(-4, 5, [int(size) for size in kind.partition(">")[0].split("x")[:-1]])
        .astype(np.float32)
        for seed, kind in enumerate(kinds)
    ]
    ours = np.asarray(loaded(folder / "out.vmfb")["main"](*inputs).to_host())
    np.testing.assert_array_equal(ours, run(text, lambda m: None, PREPROCESSING, folder))


def test_several_images_with_a_stride_are_not_packed() -> None:
    """IREE ends the process over them (docs/iree-limits.md)."""
    session = Session(CPU_FLAGS)
    module = session.run(session.parse_text(grouped(2, 1, 2)), None, PREPROCESSING)
    moved(module)
    (generic,) = [op for op in walk(module) if op.name == "linalg.generic"]
    workload = read_op(generic)
    assert workload is not None and find_form(workload, 1) is None


CHAIN = """
util.func public @main(%x: tensor<1x4x9x9xf32>, %w: tensor<8x4x3x3xf32>,
    %g: tensor<2x8x4x3x3xf32>) -> tensor<1x16x1x1xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %e0 = tensor.empty() : tensor<1x8x7x7xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<1x8x7x7xf32>) -> tensor<1x8x7x7xf32>
  %0 = linalg.conv_2d_nchw_fchw
      {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%x, %w : tensor<1x4x9x9xf32>, tensor<8x4x3x3xf32>)
    outs(%f0 : tensor<1x8x7x7xf32>) -> tensor<1x8x7x7xf32>
  %p0 = tensor.pad %0 low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x8x7x7xf32> to tensor<1x8x9x9xf32>
  %parts = tensor.expand_shape %p0 [[0], [1, 2], [3], [4]] output_shape [1, 2, 4, 9, 9]
    : tensor<1x8x9x9xf32> into tensor<1x2x4x9x9xf32>
  %e1 = tensor.empty() : tensor<1x2x8x7x7xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x2x8x7x7xf32>) -> tensor<1x2x8x7x7xf32>
  %1 = linalg.conv_2d_ngchw_gfchw
      {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%parts, %g : tensor<1x2x4x9x9xf32>, tensor<2x8x4x3x3xf32>)
    outs(%f1 : tensor<1x2x8x7x7xf32>) -> tensor<1x2x8x7x7xf32>
  %2 = tensor.collapse_shape %1 [[0], [1, 2], [3], [4]]
    : tensor<1x2x8x7x7xf32> into tensor<1x16x7x7xf32>
  %padded = tensor.pad %2 low[0, 0, 0, 0] high[0, 0, 1, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x16x7x7xf32> to tensor<1x16x8x8xf32>
  %window = tensor.empty() : tensor<SIZExSIZExi1>
  %e2 = tensor.empty() : tensor<1x16x1x1xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<1x16x1x1xf32>) -> tensor<1x16x1x1xf32>
  %3 = linalg.generic {indexing_maps = [
      affine_map<(n, c, a, b, h, w) -> (h, w)>, affine_map<(n, c, a, b, h, w) -> ()>,
      affine_map<(n, c, a, b, h, w) -> (n, c, a, b)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
    ins(%window, %zero : tensor<SIZExSIZExi1>, f32) outs(%f2 : tensor<1x16x1x1xf32>) {
  ^bb0(%in: i1, %scalar: f32, %out: f32):
    %c = linalg.index 1 : index
    %h = linalg.index 4 : index
    %w0 = linalg.index 5 : index
    PLACE
    %at = tensor.extract %padded[%c0, %c, %h, %w1] : tensor<1x16x8x8xf32>
    %s = arith.addf %at, %out : f32
    linalg.yield %s : f32
  } -> tensor<1x16x1x1xf32>
  util.return %3 : tensor<1x16x1x1xf32>
}
"""
"""A convolution, a grouped one, and an average pooling as torch lowers it."""


def chain(size: int, computed: bool = False) -> str:
    text = CHAIN.replace("SIZE", str(size))
    if computed:
        return text.replace("PLACE", "%w1 = arith.muli %w0, %w0 : index")
    return text.replace("PLACE", "").replace("%w1", "%w0")


def test_what_sums_up_reads_channels_last(tmp_path: Path) -> None:
    """Found in MobileNetV2: the last convolution had its columns far apart, and took 7.8 ms of 17.
    """

    def move(module) -> None:  # type: ignore[no-untyped-def]
        moved(module)
        text = str(module)
        assert "tensor.extract " not in text and "tensor<1x8x8x16xf32>" not in text
    text = chain(7)
    ours = run(text, move, PREPROCESSING, tmp_path)
    np.testing.assert_array_equal(ours, run(text, lambda m: None, PREPROCESSING, tmp_path))


def test_padding_that_is_read_stays(tmp_path: Path) -> None:
    def move(module) -> None:  # type: ignore[no-untyped-def]
        moved(module)
        text = str(module)
        assert "tensor.extract " not in text and "tensor<1x8x8x16xf32>" in text

    text = chain(8)
    ours = run(text, move, PREPROCESSING, tmp_path)
    np.testing.assert_array_equal(ours, run(text, lambda m: None, PREPROCESSING, tmp_path))


def test_what_is_read_at_computed_places_stays() -> None:
    module = Session(CPU_FLAGS).parse_text(chain(2, computed=True))
    moved(module)
    assert module.verify()
    assert "tensor.extract " in str(module)
