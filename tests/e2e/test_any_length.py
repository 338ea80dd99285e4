# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs with dynamic extents: compiled once, right at every length."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import loaded

from tlm_mlir.compiler.driver import compile_file, plan
from tlm_mlir.compiler.options import Options
from tlm_mlir.decisions.weights import PACKED
from tlm_mlir.iree.flags import cpu
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.policy.scheduler import Answer, Scheduler
from tlm_mlir.targets.task import Task

LENGTHS = (0, 1, 7, 64, 128)
CPUS = ("x86-64-v3", "host")
RELU = """
  %r = linalg.generic {indexing_maps = [#id, #bias, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m, %b : tensor<?x256xf32>, tensor<256xf32>) outs(%e : tensor<?x256xf32>) {
  ^body(%x0: f32, %b0: f32, %o0: f32):
    %s = arith.addf %x0, %b0 : f32
    %p = arith.maximumf %s, %zero : f32
    linalg.yield %p : f32
  } -> tensor<?x256xf32>
"""



def attention(queries: str, masked: bool = False) -> str:
    """An attention of any number of keys, and of some or any number of queries; a mask may be added
    to its scores."""
    kind, any_ = f"tensor<4x{queries}x64xf32>", "tensor<4x?x64xf32>"
    scores = f"tensor<4x{queries}x?xf32>"
    mask, of_mask = (f", %mask: {scores}", f", {scores}") if masked else ("", "")
    size = "%n = tensor.dim %q, %c1 : " + kind if queries == "?" else ""
    return f"""
#q = affine_map<(b, m, n, k, p) -> (b, m, k)>
#k = affine_map<(b, m, n, k, p) -> (b, p, k)>
#v = affine_map<(b, m, n, k, p) -> (b, p, n)>
#s = affine_map<(b, m, n, k, p) -> ()>
#m = affine_map<(b, m, n, k, p) -> (b, m, p)>
#o = affine_map<(b, m, n, k, p) -> (b, m, n)>
func.func @main(%q: {kind}, %k: {any_}, %v: {any_}{mask}) -> {kind} {{
  %c1 = arith.constant 1 : index
  %scale = arith.constant 0.125 : f32
  {size}
  %e = tensor.empty({"%n" if queries == "?" else ""}) : {kind}
  %r = iree_linalg_ext.attention
      <{{indexing_maps = [#q, #k, #v, #s{", #m" if masked else ""}, #o]}}>
      ins(%q, %k, %v, %scale{", %mask" if masked else ""} : {kind}, {any_}, {any_}, f32{of_mask})
      outs(%e : {kind}) {{
  ^body(%x: f32):
    iree_linalg_ext.yield %x : f32
  }} -> {kind}
  return %r : {kind}
}}
"""


class Drawn:
    """A policy that draws schedules."""

    identity = "drawn"

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def compared_by(self, task: Task[Any]) -> str:
        return ""

    def ask(
        self,
        tasks: Sequence[Task[Any]],
        baselines: Sequence[Schedule | None],
        samples: int | None = None,
    ) -> list[Answer]:
        return [Answer(task.random(self.random)) for task in tasks]


@pytest.fixture(scope="module")
def scheduler() -> Scheduler:
    return Scheduler()


def constant(seed: int, *shape: int) -> str:
    """Integers as floats, so that sums are the same in any order."""
    values = np.random.default_rng(seed).integers(-2, 3, shape).astype("<f4")
    sizes = "x".join(map(str, shape))
    return f'arith.constant dense<"0x{values.tobytes().hex()}"> : tensor<{sizes}xf32>'


def layer(tail: str, result: str) -> str:
    """A product of any number of rows with constant weights, and what follows it."""
    return f"""
#id = affine_map<(m, n) -> (m, n)>
#bias = affine_map<(m, n) -> (n)>
func.func @main(%x: tensor<?x192xf32>) -> tensor<?x256xf32> {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %w = {constant(0, 192, 256)}
  %b = {constant(1, 256)}
  %n = tensor.dim %x, %c0 : tensor<?x192xf32>
  %e = tensor.empty(%n) : tensor<?x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x256xf32>) -> tensor<?x256xf32>
  %m = linalg.matmul ins(%x, %w : tensor<?x192xf32>, tensor<192x256xf32>)
      outs(%f : tensor<?x256xf32>) -> tensor<?x256xf32>
{tail}
  return {result} : tensor<?x256xf32>
}}
"""


BATCH = f"""
func.func @main(%x: tensor<?x?x192xf32>) -> tensor<?x?x256xf32> {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %w = {constant(2, 192, 256)}
  %n = tensor.dim %x, %c0 : tensor<?x?x192xf32>
  %l = tensor.dim %x, %c1 : tensor<?x?x192xf32>
  %e = tensor.empty(%n, %l) : tensor<?x?x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?x256xf32>) -> tensor<?x?x256xf32>
  %m = linalg.generic {{
      indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (k, n)>,
                       affine_map<(b, m, n, k) -> (b, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}}
      ins(%x, %w : tensor<?x?x192xf32>, tensor<192x256xf32>) outs(%f : tensor<?x?x256xf32>) {{
  ^body(%l0: f32, %r0: f32, %o0: f32):
    %p = arith.mulf %l0, %r0 : f32
    %s = arith.addf %o0, %p : f32
    linalg.yield %s : f32
  }} -> tensor<?x?x256xf32>
  return %m : tensor<?x?x256xf32>
}}
"""
BOUNDED = f"""
util.func public @main(%view: !hal.buffer_view) -> !hal.buffer_view {{
  %zero = arith.constant 0.0 : f32
  %w = {constant(3, 192, 256)}
  %size = hal.buffer_view.dim<%view : !hal.buffer_view>[0] : index
  %n = util.assume.int %size<umin = 7, umax = 128> : index
  %x = hal.tensor.import %view : !hal.buffer_view -> tensor<?x192xf32>{{%n}}
  %e = tensor.empty(%n) : tensor<?x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x256xf32>) -> tensor<?x256xf32>
  %m = linalg.matmul ins(%x, %w : tensor<?x192xf32>, tensor<192x256xf32>)
      outs(%f : tensor<?x256xf32>) -> tensor<?x256xf32>
  %r = hal.tensor.export %m : tensor<?x256xf32>{{%n}} -> !hal.buffer_view
  util.return %r : !hal.buffer_view
}}
"""


def same_as_stock(
    text: str, shapes: list[tuple[int, ...]], cpu_: str, folder: Path, scheduler: Scheduler
) -> list[str]:
    """Compiles once, and compares the values of inputs of some shapes with those of stock; the
    tokens of what was decided."""
    session = Session(cpu(cpu_))
    session.finish(session.parse_text(text), None, folder / "stock.vmfb")
    options = Options(cpu=cpu_, cores=1)
    report = compile_file(text, folder / "ours.vmfb", options, scheduler=scheduler)
    assert not report.warnings
    stock, ours = (loaded(folder / f"{name}.vmfb")["main"] for name in ("stock", "ours"))
    for shape in shapes:
        x = np.random.default_rng(4).integers(-3, 4, shape).astype(np.float32)
        expected, found = (np.asarray(main(x).to_host()) for main in (stock, ours))
        assert found.shape == expected.shape
        np.testing.assert_array_equal(found, expected)
    return [row.schedule for row in report.decisions]


@pytest.mark.parametrize("cpu_", CPUS)
@pytest.mark.parametrize("tail, result", [("", "%m"), (RELU, "%r")])
def test_a_layer_with_any_number_of_rows(
    tail: str, result: str, cpu_: str, tmp_path: Path, scheduler: Scheduler
) -> None:
    shapes = [(length, 192) for length in LENGTHS]
    decided = same_as_stock(layer(tail, result), shapes, cpu_, tmp_path, scheduler)
    assert any(text.startswith(PACKED) for text in decided)
    assert any(text.startswith("pipeline:panel") for text in decided)


@pytest.mark.parametrize("cpu_", CPUS)
def test_a_batch_of_any_size_with_any_number_of_rows(
    cpu_: str, tmp_path: Path, scheduler: Scheduler
) -> None:
    shapes = [(batch, length, 192) for batch in (0, 1, 3) for length in LENGTHS]
    decided = same_as_stock(BATCH, shapes, cpu_, tmp_path, scheduler)
    assert any(text.startswith(PACKED) for text in decided)


def test_rows_within_bounds(tmp_path: Path, scheduler: Scheduler) -> None:
    shapes = [(length, 192) for length in (7, 64, 128)]
    decided = same_as_stock(BOUNDED, shapes, "host", tmp_path, scheduler)
    assert any(text.startswith(PACKED) for text in decided)


def test_one_row_is_launched_on_its_own(scheduler: Scheduler) -> None:
    found = plan(layer("", "%m"), Options(cpu="host", cores=1), scheduler)
    names = [d.name for d in found.dispatches if not d.at_load]
    assert len(names) == 2 and names[1] == f"{names[0]}_0"
    one, others = (o.site.workload for o in found.lowered if not o.site.left == "at load")
    assert one is not None and others is not None
    assert (one.extents[0], one.dynamic[0].high) == (1, 1)
    assert others.extents[0] > 1
    # Nothing is launched on its own where bounds leave one row out.
    bounded = plan(BOUNDED, Options(cpu="host", cores=1), scheduler)
    assert len([d for d in bounded.dispatches if not d.at_load]) == 1


def attends(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray | float = 0.0
) -> np.ndarray:
    scores = q @ k.transpose(0, 2, 1) * 0.125 + mask
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


@pytest.mark.parametrize("cpu_", CPUS)
@pytest.mark.parametrize("queries, masked", [("?", False), ("1", False), ("?", True), ("1", True)])
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_an_attention_of_any_length(
    queries: str, masked: bool, seed: int | None, cpu_: str, tmp_path: Path, scheduler: Scheduler
) -> None:
    """A prompt, and a step of a decoding over a cache, by the model's schedule and drawn ones."""
    policy = scheduler if seed is None else Drawn(seed)
    out, options = tmp_path / "out.vmfb", Options(cpu=cpu_, cores=1)
    report = compile_file(attention(queries, masked), out, options, scheduler=policy)
    assert not report.warnings
    assert "pipeline:ext" in report.decisions[-1].schedule or seed is None
    main = loaded(out)["main"]
    for length, keys in ((0, 3), (1, 1), (1, 13), (5, 9), (7, 7), (64, 64), (65, 33), (3, 128)):
        length = 1 if queries == "1" else length
        rng = np.random.default_rng(length)
        shapes = (4, length, 64), (4, keys, 64), (4, keys, 64), (4, length, keys)
        given = [rng.standard_normal(shape, np.float32) for shape in shapes[: 3 + masked]]
        found = np.asarray(main(*given).to_host())
        np.testing.assert_allclose(found, attends(*given), rtol=1e-3, atol=2e-4)
