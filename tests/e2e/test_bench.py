# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir bench` on small programs: every way to compile is a row, whatever becomes of it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from tlm_mlir.bench.bench import NOT_COMPILED, NOT_RUN, OURS, STOCK, Bench, bench
from tlm_mlir.bench.compiling import Compiled, compile_stock
from tlm_mlir.bench.runner import Runner
from tlm_mlir.bench.values import load_values, save_values, value_of
from tlm_mlir.bench.verdict import RIGHT, WRONG
from tlm_mlir.cli import main
from tlm_mlir.compiler.options import Options
from tlm_mlir.errors import InputError, MeasureError
from tlm_mlir.iree.session import Session
from tlm_mlir.model.checkpoint import default_dir

pytestmark = pytest.mark.skipif(
    not default_dir().is_dir(), reason="there is no released checkpoint yet"
)

STATE = """
util.global private mutable @sum = dense<0.0> : tensor<8x16xf32>
func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %old = util.global.load @sum : tensor<8x16xf32>
  %new = arith.addf %old, %x : tensor<8x16xf32>
  util.global.store %new, @sum : tensor<8x16xf32>
  return %new : tensor<8x16xf32>
}
func.func @add(%x: tensor<8x16xf32>) {
  %old = util.global.load @sum : tensor<8x16xf32>
  %new = arith.addf %old, %x : tensor<8x16xf32>
  util.global.store %new, @sum : tensor<8x16xf32>
  return
}"""
SCALARS = """
#map = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%a: tensor<?x64xi8>, %zero: i32, %scale: f32) -> (tensor<?x64xf32>, f32) {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %a, %c0 : tensor<?x64xi8>
  %e = tensor.empty(%m) : tensor<?x64xf32>
  %r = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x64xi8>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%x: i8, %o: f32):
    %w = arith.extsi %x : i8 to i32
    %s = arith.subi %w, %zero : i32
    %f = arith.sitofp %s : i32 to f32
    %y = arith.mulf %f, %scale : f32
    linalg.yield %y : f32
  } -> tensor<?x64xf32>
  return %r, %scale : tensor<?x64xf32>, f32
}"""
CUMSUM = """
func.func @main(%x: tensor<40x64xf32>) -> (tensor<40x64xf32>, tensor<40x64xf32>) {
  %z = stablehlo.constant dense<0.0> : tensor<f32>
  %c = "stablehlo.reduce_window"(%x, %z) ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %s = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %s : tensor<f32>
  }) {window_dimensions = array<i64: 40, 1>, window_strides = array<i64: 1, 1>,
      padding = dense<[[39, 0], [0, 0]]> : tensor<2x2xi64>}
      : (tensor<40x64xf32>, tensor<f32>) -> tensor<40x64xf32>
  %i = stablehlo.iota dim = 0 : tensor<40x40xi32>
  %j = stablehlo.iota dim = 1 : tensor<40x40xi32>
  %ge = stablehlo.compare GE, %i, %j : (tensor<40x40xi32>, tensor<40x40xi32>) -> tensor<40x40xi1>
  %t = stablehlo.convert %ge : (tensor<40x40xi1>) -> tensor<40x40xf32>
  %d = stablehlo.dot_general %t, %x, contracting_dims = [1] x [0]
      : (tensor<40x40xf32>, tensor<40x64xf32>) -> tensor<40x64xf32>
  return %c, %d : tensor<40x64xf32>, tensor<40x64xf32>
}"""


@pytest.fixture
def run(tmp_path: Path):
    def bench_text(text: str, options: Options | None = None, **given) -> Bench:
        path = tmp_path / "in.mlir"
        path.write_text(text)
        return bench(path, options or Options(), rounds=2, **given)

    return bench_text


def statuses(result: Bench) -> dict[str, str]:
    return {row.name: row.status for row in result.rows}


def test_programs_that_keep_state_are_each_called_from_its_beginning(run) -> None:
    """Found with `c09`: stock was called twice, and its second answer compared with the first."""
    result = run(STATE)
    assert statuses(result) == {STOCK: RIGHT, OURS: RIGHT}
    assert [row.relative_error for row in result.rows] == [0, 0]
    assert result.ours.speedup == pytest.approx(result.rows[0].median_ms / result.ours.median_ms)


def test_functions_without_results_are_timed(run) -> None:
    """Found with `c09`, `reset`: a traceback."""
    result = run(STATE, function="add")
    assert statuses(result) == {STOCK: RIGHT, OURS: RIGHT}
    assert all(row.median_ms for row in result.rows)


def test_scalars_and_dynamic_shapes_are_handed_over(run) -> None:
    """Found with `c19` and `c31`, whose zero points are scalars: a traceback."""
    result = run(SCALARS)
    assert statuses(result) == {STOCK: RIGHT, OURS: RIGHT}
    assert result.notes == ("input 0 (?x64xi8) is taken as 128x64xi8; --input can say otherwise",)
    given = run(SCALARS, inputs=["5x64xi8", "3", "0.5"])
    assert (statuses(given), given.notes) == ({STOCK: RIGHT, OURS: RIGHT}, ())
    with pytest.raises(InputError, match="1 inputs are given and the function takes 3"):
        run(SCALARS, inputs=["5x64xi8"])


def test_wrong_values_of_stock_are_laid_at_its_door(run) -> None:
    """Found with `c05`: at O3, IREE 3.13 sums the wrong half, with us and without."""
    result = run(CUMSUM, Options(iree_args=("--iree-opt-level=O3",)))
    assert statuses(result)[STOCK] == WRONG
    assert result.rows[0].against == "vmvx"
    assert "off by 2 of the largest from vmvx" in result.rows[0].reason
    assert result.rows[0].median_ms is None
    assert "values are judged by the reference vmvx" in result.notes


def test_a_baseline_that_is_off_is_a_row_that_says_so(run, tmp_path: Path, capfd) -> None:
    """An extra baseline ended the whole run: here one does not compile, and one is wrong."""
    path, report = tmp_path / "in.mlir", tmp_path / "report.json"
    path.write_text(CUMSUM)
    given = ["--baseline-arg=--iree-no-such-flag", "--baseline-arg=--iree-opt-level=O3"]
    command = ["bench", str(path), *given, "--rounds=2", f"--report-out={report}"]
    assert main(command) == 0
    rows = {row["name"]: row for row in json.loads(report.read_text())["rows"]}
    found = {name: row["status"] for name, row in rows.items()}
    broken, wrong = "stock no-such-flag", "stock opt-level=O3"
    assert found == {STOCK: RIGHT, broken: NOT_COMPILED, wrong: WRONG, OURS: RIGHT}
    assert "Unknown command line argument" in rows[broken]["reason"]
    assert (rows[wrong]["against"], rows[wrong]["speedup"]) == ("vmvx", None)
    printed = capfd.readouterr().out
    assert "wrong values" in printed
    assert "does not compile" in printed


def test_a_program_that_does_not_run_is_a_row_that_says_so(run, monkeypatch) -> None:
    def damaged(name, source, flags, extra, out) -> Compiled:  # type: ignore[no-untyped-def]
        found = compile_stock(name, source, flags, extra, out)
        if name != STOCK:
            out.write_bytes(b"no program")
        return found

    monkeypatch.setattr("tlm_mlir.bench.bench.compile_stock", damaged)
    result = run(STATE, baselines=[("--iree-opt-level=O2",)])
    assert statuses(result) == {STOCK: RIGHT, "stock opt-level=O2": NOT_RUN, OURS: RIGHT}
    assert "the program's process failed" in result.rows[1].reason


def test_a_program_of_ours_that_is_off_is_an_error(run, tmp_path: Path, capfd) -> None:
    path = tmp_path / "in.mlir"
    path.write_text(CUMSUM)
    assert main(["bench", str(path), "--iree-arg=--iree-opt-level=O3", "--rounds=1"]) == 1
    assert "in.mlir by tlm-mlir: wrong values; see above" in capfd.readouterr().err


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> tuple[Path, Path]:
    """The program with state, and arguments for it."""
    folder = tmp_path_factory.mktemp("program")
    source, path = folder / "in.mlir", folder / "out.vmfb"
    source.write_text(STATE)
    session = Session(Options().flags())
    session.finish(session.parse(source), None, path)
    save_values(folder / "arguments.npz", [value_of(np.ones((8, 16), np.float32))])
    return path, folder / "arguments.npz"


def test_each_process_starts_from_the_beginning(program: tuple[Path, Path]) -> None:
    for _ in range(2):
        with Runner(*program) as runner:
            sums = [runner.run()[0].array()[0, 0] for _ in range(3)]
            assert sums == [1, 2, 3]
            assert 0 < runner.time(calls=4) < 1
            assert runner.run()[0].array()[0, 0] == 8


def test_a_program_that_ends_its_process_is_a_sentence(program: tuple[Path, Path]) -> None:
    with Runner(*program) as runner:
        os.kill(runner._process.pid, signal.SIGSEGV)
        with pytest.raises(MeasureError, match=r"ended its process \(SIGSEGV\)"):
            runner.run()


def test_a_program_that_hangs_is_stopped(program: tuple[Path, Path]) -> None:
    with Runner(*program) as runner:
        os.kill(runner._process.pid, signal.SIGSTOP)
        runner._limit = 0.2
        with pytest.raises(MeasureError, match="took more than 0.2 s"):
            runner.time()


def test_a_file_that_is_no_program_is_a_sentence(program: tuple[Path, Path]) -> None:
    with pytest.raises(MeasureError, match="the program's process failed: "):
        Runner(program[1], program[1])
    with pytest.raises(MeasureError, match="no function 'other'; it has"):
        Runner(*program, function="other")


def test_a_call_that_the_runtime_refuses_is_a_sentence(
    program: tuple[Path, Path], tmp_path: Path
) -> None:
    values = tmp_path / "arguments.npz"
    save_values(values, [value_of(np.ones((8, 15), np.float32))])
    with Runner(program[0], values) as runner:
        with pytest.raises(MeasureError, match="cannot be called: input0 shape dimension"):
            runner.run()


def test_values_survive_a_file(tmp_path: Path) -> None:
    values = [value_of(np.arange(6, dtype=np.int64).reshape(2, 3)), value_of(np.array(1.5))]
    save_values(tmp_path / "v.npz", values)
    read = load_values(tmp_path / "v.npz")
    assert all(left.same(right) for left, right in zip(values, read, strict=True))
