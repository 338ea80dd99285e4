# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builder, timer and runner on a small matmul, and the faults that they must survive."""

from functools import partial

import candidates as appliers
import numpy as np
import pytest
from iree.compiler import ir

from tlm_mlir.errors import MeasureError
from tlm_mlir.iree.invocation import InvocationError, open_session, run_phases
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.measure import builder, timer
from tlm_mlir.measure.oracle import Oracle, Rule, check
from tlm_mlir.measure.runner import Job, Limits, measure_batches
from tlm_mlir.targets.cpu.host import usable_cores

FLAGS = (
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=host",
)
MATMUL = """
func.func @main(%a: tensor<64x96x{t}>, %b: tensor<96x128x{t}>, %c: tensor<128x{t}>)
    -> tensor<64x128x{t}> {{
  %zero = arith.constant 0.0 : {t}
  %empty = tensor.empty() : tensor<64x128x{t}>
  %fill = linalg.fill ins(%zero : {t}) outs(%empty : tensor<64x128x{t}>) -> tensor<64x128x{t}>
  %product = linalg.matmul ins(%a, %b : tensor<64x96x{t}>, tensor<96x128x{t}>)
      outs(%fill : tensor<64x128x{t}>) -> tensor<64x128x{t}>
  %sum = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
      affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}}
      ins(%product, %c : tensor<64x128x{t}>, tensor<128x{t}>) outs(%empty : tensor<64x128x{t}>) {{
  ^body(%x: {t}, %y: {t}, %o: {t}):
    %s = arith.addf %x, %y : {t}
    linalg.yield %s : {t}
  }} -> tensor<64x128x{t}>
  return %sum : tensor<64x128x{t}>
}}"""
CONVOLUTION = """
func.func @main(%a: tensor<1x10x10x4xf32>, %f: tensor<3x3x4x8xf32>) -> tensor<1x8x8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x8x8x8xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %r = linalg.conv_2d_nhwc_hwcf ins(%a, %f : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%fill : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %r : tensor<1x8x8x8xf32>
}"""
GOOD = [[32, 64, 4, 16, 1], [64, 128, 8, 32, 1], [16, 32, 2, 32, 4]]
TOO_LARGE = [64, 128, 64, 128, 1]
THREADS = min(2, usable_cores())


def dispatch(text: str) -> str:
    """A program of one dispatch at phase executable-sources."""
    session = open_session(FLAGS)
    module = ir.Module.parse(text, session.context)
    run_phases(session, module.operation, "start", SOURCES)
    printed = str(module)
    del module
    session.close()
    return printed


@pytest.fixture(scope="module")
def matmul() -> str:
    return dispatch(MATMUL.format(t="f32"))


def measure(jobs, **limits):
    results = []
    measure_batches(jobs, on_result=results.append, limits=Limits(**limits))
    return results


def job(source, *candidates, **options):
    return Job(source, candidates, "candidates:apply", threads=THREADS, exact=True, **options)


def run_default(source: str, rule: Rule) -> Oracle:
    batch = builder.build(source, [None], [])
    oracle = Oracle(batch.bindings, rule)
    with timer.Pool(THREADS) as pool:
        executable = timer.Executable(batch, oracle.buffers)
        oracle.reference(executable, pool, batch.exports[0])
        assert check(oracle, executable, pool, batch.exports[0], batch.exports) == [None]
        executable.close()
    return oracle


def test_builder_reports_bindings_workgroups_and_configuration(matmul):
    chosen = [None, *(partial(appliers.configure, tiles=tiles) for tiles in [*GOOD, TOO_LARGE])]
    batch = builder.build(matmul, chosen, [])
    assert [export.status for export in batch.exports] == ["ok"] * 4 + ["compile_failed"]
    assert [export.ordinal for export in batch.exports] == [0, 1, 2, 3, -1]
    assert [export.workgroups for export in batch.exports[1:4]] == [
        (4, 1, 1),
        (1, 1, 1),
        (16, 1, 1),
    ]
    assert "vector_common_parallel = [4, 16, 0]" in batch.exports[1].configuration
    assert "large vector sizes" in batch.exports[4].message
    assert [binding.access for binding in batch.bindings] == ["readonly"] * 3 + ["writeonly"]
    assert [binding.shape for binding in batch.bindings] == [(64, 96), (96, 128), (128,), (64, 128)]
    assert [binding.nbytes for binding in batch.bindings] == [24576, 49152, 512, 32768]


def test_builder_gives_every_operand_its_own_binding(matmul):
    shared = matmul.replace("binding(1)", "binding(0)").replace("binding(2)", "binding(0)")
    batch = builder.build(shared, [None], [])
    assert [binding.index for binding in batch.bindings] == [0, 1, 2, 3]


@pytest.mark.parametrize("text", ["garbage", "module {}"])
def test_builder_refuses_other_sources(text):
    with pytest.raises(MeasureError):
        builder.build(text, [None], [])


def test_builder_refuses_dynamic_shapes():
    source = dispatch("""
      func.func @main(%a: tensor<?xf32>) -> tensor<?xf32> {
        %r = math.absf %a : tensor<?xf32>
        return %r : tensor<?xf32>
      }""")
    with pytest.raises(MeasureError, match="^dynamic"):
        builder.build(source, [None], [])


@pytest.mark.parametrize("element", ["f32", "f16", "bf16"])
def test_default_of_a_matmul_equals_numpy(element):
    oracle = run_default(dispatch(MATMUL.format(t=element)), Rule(exact=True))
    a, b, c, got = (oracle.values(index).astype(np.float64) for index in range(4))
    np.testing.assert_array_equal(got, a @ b + c)


def test_default_of_a_convolution_equals_numpy():
    oracle = run_default(dispatch(CONVOLUTION), Rule(exact=True))
    image, kernel, got = (oracle.values(index).astype(np.float64) for index in range(3))
    image, got = image.reshape(10, 10, 4), got.reshape(8, 8, 8)
    kernel = kernel.reshape(3, 3, 4, 8)
    want = sum(image[y : y + 8, x : x + 8] @ kernel[y, x] for y in range(3) for x in range(3))
    np.testing.assert_array_equal(got, want)


def test_runner_measures_good_candidates_and_reports_bad_ones(matmul):
    (result,) = measure([job(matmul, *GOOD, TOO_LARGE, "unknown")])
    assert not result.error
    assert [m.status for m in result.candidates] == ["ok"] * 3 + ["compile_failed"] * 2
    for measured in (result.default, *result.candidates[:3]):
        assert measured.seconds > 0
        assert measured.runs > 1
    assert "no such candidate" in result.candidates[4].message


def test_runner_catches_wrong_values(matmul):
    (result,) = measure([job(matmul, "subtract", GOOD[0])])
    assert [m.status for m in result.candidates] == ["wrong_values", "ok"]
    assert "values are wrong" in result.candidates[0].message


def test_runner_survives_crashes_and_hangs(matmul):
    jobs = [job(matmul, GOOD[0], "abort", GOOD[1]), job(matmul, "sleep", GOOD[2])]
    first, second = measure(jobs, compile_timeout=10.0)
    assert [m.status for m in first.candidates] == ["ok", "crashed", "ok"]
    assert [m.status for m in second.candidates] == ["timeout", "ok"]


def test_runner_survives_code_that_faults_when_it_runs(matmul):
    (result,) = measure([job(matmul, GOOD[0], "overrun", GOOD[1])])
    assert [m.status for m in result.candidates] == ["ok", "crashed", "ok"]


def test_runner_finds_who_breaks_the_linking(matmul):
    (result,) = measure([job(matmul, GOOD[0], "break linking", GOOD[1])])
    assert [m.status for m in result.candidates] == ["ok", "crashed", "ok"]


def test_builder_finds_who_fails_in_linking(matmul, monkeypatch):
    serialize = builder.serialize

    def refuse(session, module):
        if "@executable_2" in str(module):
            raise InvocationError("LLVM refuses")
        return serialize(session, module)

    monkeypatch.setattr(builder, "serialize", refuse)
    batch = builder.build(matmul, [None] * 5, [])
    assert [export.ordinal for export in batch.exports] == [0, 1, -1, 2, 3]
    assert batch.exports[2].message == "LLVM refuses"


def test_runner_refuses_a_time_below_the_machines_limit(matmul):
    (result,) = measure([job(matmul, GOOD[0], min_seconds=1.0)])
    assert "less than the machine's limit" in result.error


def test_runner_reports_a_job_that_cannot_be_measured(matmul):
    flagged = job(matmul, GOOD[0], flags=("--no-such-flag",))
    crowded = Job(matmul, (GOOD[0],), "candidates:apply", threads=usable_cores() + 1)
    unknown = Job(matmul, (GOOD[0],), "candidates:missing")
    results = measure([crowded, unknown, flagged])
    expected = ["cores may be used", "cannot be imported", "no-such-flag"]
    for result, text in zip(results, expected, strict=True):
        assert text in result.error
        assert result.candidates == ()
