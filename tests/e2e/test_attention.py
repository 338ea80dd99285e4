# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values of attention against numpy, where IREE's own schedule cannot be the reference."""

from __future__ import annotations

from pathlib import Path

import iree.runtime as rt
import numpy as np
import pytest

from tlm_mlir.compiler.driver import compile_file
from tlm_mlir.compiler.options import Options

TEXT = """
#query = affine_map<(b, m, n, k, l) -> (b, m, k)>
#key = affine_map<(b, m, n, k, l) -> (b, l, k)>
#value = affine_map<(b, m, n, k, l) -> (b, l, n)>
#scale = affine_map<(b, m, n, k, l) -> ()>
#out = affine_map<(b, m, n, k, l) -> (b, m, n)>
func.func @main(%query: tensor<2x32xHEADxf32>, %key: tensor<2x48xHEADxf32>,
                %value: tensor<2x48x64xf32>) -> tensor<2x32x64xf32> {
  %scale = arith.constant 0.0625 : f32
  %empty = tensor.empty() : tensor<2x32x64xf32>
  %0 = iree_linalg_ext.attention <{indexing_maps = [#query, #key, #value, #scale, #out]}>
      ins(%query, %key, %value, %scale : tensor<2x32xHEADxf32>, tensor<2x48xHEADxf32>,
          tensor<2x48x64xf32>, f32)
      outs(%empty : tensor<2x32x64xf32>) {
    ^bb0(%score: f32):
      iree_linalg_ext.yield %score : f32
  } -> tensor<2x32x64xf32>
  return %0 : tensor<2x32x64xf32>
}
"""


@pytest.mark.parametrize("head", [64, 160, 256])
def test_values_whatever_the_head_dim(head: int, tmp_path: Path) -> None:
    """Found by measuring: IREE's default gives wrong values for heads of more than 128."""
    source, out = tmp_path / "attention.mlir", tmp_path / "attention.vmfb"
    source.write_text(TEXT.replace("HEAD", str(head)))
    report = compile_file(source, out, Options())
    assert not report.warnings
    random = np.random.default_rng(0)
    query, key, value = (
        random.standard_normal(shape, np.float32)
        for shape in ((2, 32, head), (2, 48, head), (2, 48, 64))
    )
    scores = np.exp(0.0625 * query @ key.transpose(0, 2, 1))
    wanted = scores / scores.sum(-1, keepdims=True) @ value
    config = rt.Config("local-sync")
    context = rt.SystemContext(config=config)
    context.add_vm_module(rt.VmModule.copy_buffer(config.vm_instance, out.read_bytes()))
    found = context.modules.module["main"](query, key, value).to_host()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
