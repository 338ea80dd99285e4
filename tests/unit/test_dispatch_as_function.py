# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Dispatches turned back into programs: what they compute stays the same."""

from __future__ import annotations

from pathlib import Path

import iree.runtime as rt
import numpy as np
import pytest

from tlm_mlir.ir.dispatch import find_dispatches
from tlm_mlir.iree.dispatch_as_function import as_program
from tlm_mlir.iree.executables import standalone
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.iree.module import body
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.targets.dispatches import normalize

LIT = Path(__file__).resolve().parents[2] / "lit"
SLICE = """
#map = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%a: tensor<64x64xf32>) -> tensor<32x64xf32> {
  %empty = tensor.empty() : tensor<32x64xf32>
  %part = tensor.extract_slice %a[16, 0] [32, 64] [1, 1] : tensor<64x64xf32> to tensor<32x64xf32>
  %r = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%part : tensor<32x64xf32>) outs(%empty : tensor<32x64xf32>) {
  ^bb0(%in: f32, %out: f32):
    %e = math.exp %in : f32
    linalg.yield %e : f32
  } -> tensor<32x64xf32>
  return %r : tensor<32x64xf32>
}
"""


def dispatches_of(session: Session, text: str) -> list[str]:
    module = session.run(session.parse_text(text), None, SOURCES)
    normalize(module)
    found = [standalone(dispatch.executable, dispatch.name) for dispatch in find_dispatches(module)]
    return [text for text in found if text]


def run(session: Session, text: str, inputs: list[np.ndarray], out: Path) -> np.ndarray:
    session.finish(session.parse_text(text), None, out)
    context = rt.SystemContext(config=rt.Config("local-sync"))
    context.add_vm_module(rt.VmModule.copy_buffer(context.instance, out.read_bytes()))
    return context.modules.module.main(*inputs).to_host()


@pytest.mark.parametrize("name", ["matmul", "softmax", "transpose"])
def test_the_one_dispatch_of_a_program_computes_what_the_program_does(
    name: str, tmp_path: Path
) -> None:
    session = Session(CPU_FLAGS)
    text = (LIT / f"{name}.mlir").read_text()
    (source,) = dispatches_of(session, text)
    program = as_program(session.parse_text(source))
    assert program is not None
    again = str(program)
    assert dispatches_of(session, again) and "hal." not in again
    (function,) = body(program)
    shapes = [list(kind.shape) for kind in function.opview.type.inputs]
    rng = np.random.default_rng(0)
    inputs = [rng.integers(-3, 4, shape).astype(np.float32) for shape in shapes]
    first = run(session, text, inputs, tmp_path / "a.vmfb")
    np.testing.assert_array_equal(run(session, again, inputs, tmp_path / "b.vmfb"), first)


def test_a_part_of_a_tensor_is_no_argument() -> None:
    session = Session(CPU_FLAGS)
    (source,) = dispatches_of(session, SLICE)
    assert as_program(session.parse_text(source)) is None


def test_a_program_lives_through_another_compile() -> None:
    """Found when bundles crashed: ops made before their dialect is loaded are of freed memory."""
    reference = Session(CPU_FLAGS)
    (source,) = dispatches_of(Session(CPU_FLAGS), (LIT / "matmul.mlir").read_text())
    program = as_program(reference.parse_text(source))
    assert program is not None
    assert reference.context.is_registered_operation("flow.dispatch.region")
    text = str(program)
    assert dispatches_of(reference, text)
    assert str(program) == text
