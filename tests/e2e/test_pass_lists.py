# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Code that the lists and layouts of `passes/` make: IREE's own where they say so, right values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from iree.compiler import ir
from running import loaded

from tlm_mlir.iree import library
from tlm_mlir.iree.attributes import LOWERING, TRANSLATION, read
from tlm_mlir.iree.executables import configuration, functions_of
from tlm_mlir.iree.flags import cpu
from tlm_mlir.iree.module import walk
from tlm_mlir.iree.phases import CONFIGURED, SOURCES, TRANSLATED
from tlm_mlir.iree.session import Session
from tlm_mlir.targets.dispatches import normalize

LIT = Path(__file__).resolve().parents[2] / "lit"
DOUBLE_TILING = "codegen/cpu/double_tiling"
CONVOLUTION = """
func.func @main(%x: tensor<{i}x{i}x8xf32>, %w: tensor<2x3x3x8x16xf32>) -> tensor<{o}x{o}x2x16xf32> {{
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<{o}x{o}x2x16xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<{o}x{o}x2x16xf32>) -> tensor<{o}x{o}x2x16xf32>
  %r = linalg.generic {{indexing_maps = [
      affine_map<(h, w, a, b, y, x, c) -> (h + y, w + x, c)>,
      affine_map<(h, w, a, b, y, x, c) -> (a, y, x, c, b)>,
      affine_map<(h, w, a, b, y, x, c) -> (h, w, a, b)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel",
                        "reduction", "reduction", "reduction"]}}
      ins(%x, %w : tensor<{i}x{i}x8xf32>, tensor<2x3x3x8x16xf32>)
      outs(%fill : tensor<{o}x{o}x2x16xf32>) {{
  ^body(%p: f32, %q: f32, %s: f32):
    %m = arith.mulf %p, %q : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  }} -> tensor<{o}x{o}x2x16xf32>
  return %r : tensor<{o}x{o}x2x16xf32>
}}"""  # noqa: E501


def by_list(function: ir.Operation, name: str) -> None:
    """Has IREE lower a function by a list of passes."""
    info = '#iree_codegen.translation_info<pipeline = #iree_codegen.pass_pipeline<"{}">>'
    text = info.format(library.pass_list(name))
    function.attributes[TRANSLATION] = ir.Attribute.parse(text, function.context)


@pytest.mark.parametrize("cpu_name", ["x86-64-v3", "x86-64-v4"])
@pytest.mark.parametrize("program", ["matmul", "softmax", "reduction_multi_op"])
def test_double_tiling_is_irees_pipeline(program: str, cpu_name: str) -> None:
    """The first to fail when another release of IREE tiles or vectorizes by other passes."""
    texts = []
    for exchanged in (False, True):
        session = Session(cpu(cpu_name))
        module = session.run(session.parse(LIT / f"{program}.mlir"), None, CONFIGURED)
        functions = functions_of(module)
        found = [read(configuration(function)).translation.pipeline for function in functions]
        assert "DoubleTilingExpert" in found
        for function, pipeline in zip(functions, found, strict=True):
            if exchanged and pipeline == "DoubleTilingExpert":
                by_list(function, DOUBLE_TILING)
        texts.append(str(session.run(module, CONFIGURED, TRANSLATED)))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("codegen/cpu/direct_convolution", 8),
        ("codegen/cpu/direct_convolution", 7),
        ("codegen/cpu/peeled_convolution", 7),
    ],
)
def test_values_of_direct_convolutions(name: str, size: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((size + 2, size + 2, 8), np.float32)
    w = rng.standard_normal((2, 3, 3, 8, 16), np.float32)
    session = Session(cpu("host"))
    text = CONVOLUTION.format(i=size + 2, o=size)
    module = session.run(session.parse_text(text), None, SOURCES)
    normalize(module)
    (function,) = functions_of(module)
    config = (
        f"#iree_cpu.lowering_config<distribution = [0, {size}, {size}, 1, 16, 0, 0, 0],"
        f" cache_parallel = [0, 1, {size}, 1, 16, 0, 0, 0],"
        " vector_common_parallel = [1, 1, 4, 1, 16, 0, 0, 0],"
        " vector_reduction = [0, 0, 0, 0, 0, 1, 1, 2]>"
    )
    (root,) = [op for op in walk(function) if op.name == "linalg.generic"]
    root.attributes[LOWERING] = ir.Attribute.parse(config, session.context)
    by_list(function, name)
    session.finish(module, SOURCES, tmp_path / "out.vmfb")
    found = loaded(tmp_path / "out.vmfb")["main"](x, w).to_host()
    wanted = np.zeros((size, size, 2, 16), np.float32)
    for i in range(3):
        for j in range(3):
            window = x[i : i + size, j : j + size]
            wanted += np.einsum("hwc,acb->hwab", window, w[:, i, j])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
