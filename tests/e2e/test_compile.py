# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The whole path with the released model: compile, run, compare; and what happens on bad input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tlm_mlir.bench.agreement import difference
from tlm_mlir.bench.inputs import arguments, resolve
from tlm_mlir.bench.program import Program
from tlm_mlir.cli import main
from tlm_mlir.compiler.driver import compile_file, plan
from tlm_mlir.compiler.options import Options
from tlm_mlir.errors import TlmError
from tlm_mlir.iree.session import Session
from tlm_mlir.language.prompt import DECIDE
from tlm_mlir.model.checkpoint import default_dir
from tlm_mlir.policy.scheduler import Answer, Scheduler
from tlm_mlir.targets.cpu.tile import Tile

MATMUL = """
func.func @main(%a: tensor<37x64xf32>, %b: tensor<64x80xf32>) -> tensor<37x80xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<37x80xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<37x80xf32>) -> tensor<37x80xf32>
  %product = linalg.matmul ins(%a, %b : tensor<37x64xf32>, tensor<64x80xf32>)
      outs(%init : tensor<37x80xf32>) -> tensor<37x80xf32>
  return %product : tensor<37x80xf32>
}
"""
DYNAMIC = """
func.func @main(%a: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %two = arith.constant dense<2.0> : tensor<64xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?x64xf32>
  %empty = tensor.empty(%n) : tensor<?x64xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                       affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%a, %two : tensor<?x64xf32>, tensor<64xf32>) outs(%empty : tensor<?x64xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %p = arith.mulf %x, %y : f32
      linalg.yield %p : f32
  } -> tensor<?x64xf32>
  return %r : tensor<?x64xf32>
}
"""


@pytest.fixture(scope="module")
def scheduler() -> Scheduler:
    return Scheduler()


@pytest.fixture
def matmul(tmp_path: Path) -> Path:
    path = tmp_path / "matmul.mlir"
    path.write_text(MATMUL)
    return path


def _right(path: Path) -> bool:
    program = Program(path)
    values = arguments(resolve(program.inputs())[0])
    a, b = (value.array() for value in values)
    got = program.run(program.upload(values))[0].array()
    return bool(np.allclose(got, a @ b, rtol=1e-4, atol=1e-4))


class FirstAlone(Scheduler):
    """Leaves all dispatches but the first to IREE."""

    def __init__(self) -> None:
        self.identity = "first alone"

    def compared_by(self, task) -> str:  # type: ignore[no-untyped-def]
        return ""

    def ask(self, tasks, baselines, samples=None, seed=0):  # type: ignore[no-untyped-def]
        answers = [Answer(task.default) for task in tasks]
        if tasks[0].question.token == DECIDE:
            answers[0] = Answer(tasks[0].random(np.random.default_rng(seed)))
        return answers


class Fixed:
    """A scheduler that answers with given tokens for every dispatch."""

    identity = "fixed"

    def __init__(self, tokens: str) -> None:
        self.tokens = tokens

    def compared_by(self, task) -> str:  # type: ignore[no-untyped-def]
        return ""

    def ask(self, tasks, baselines, samples=None):  # type: ignore[no-untyped-def]
        return [
            Answer(task.parse(self.tokens) if task.question.token == DECIDE else task.default)
            for task in tasks
        ]


SCHEDULE = (
    "pipeline:tile peel:no @vector m4 z4 m2 z2 @reduce m3 z3 @distribute n0 m4 z4 cache:no "
    "order:plain <end>"
)


def test_values_are_right(matmul: Path, tmp_path: Path, scheduler: Scheduler) -> None:
    out = tmp_path / "matmul.vmfb"
    compile_file(matmul, out, Options(), scheduler=scheduler)
    assert _right(out)


def test_without_graph_choices(matmul: Path, tmp_path: Path, scheduler: Scheduler) -> None:
    out = tmp_path / "matmul.vmfb"
    report = compile_file(matmul, out, Options(graph=False), scheduler=scheduler)
    assert report.count("scheduled") + report.count("default") == 1
    assert report.decisions == tuple(report.dispatches)
    assert _right(out)


def test_schedule_reaches_the_program(matmul: Path, tmp_path: Path) -> None:
    out, script = tmp_path / "matmul.vmfb", tmp_path / "script.mlir"
    report = compile_file(matmul, out, Options(), scheduler=Fixed(SCHEDULE), script_out=script)
    assert report.count("scheduled") == 1
    assert "vector_common_parallel = [4, 16, 0]" in script.read_text()
    assert _right(out)


def test_a_scheduled_dispatch_takes_its_place_among_others(tmp_path: Path) -> None:
    source = Path(__file__).resolve().parents[2] / "lit" / "reduction_multi_op.mlir"
    out, stock = tmp_path / "ours.vmfb", tmp_path / "stock.vmfb"
    report = compile_file(source, out, Options(), scheduler=FirstAlone())
    assert (report.count("scheduled"), report.count("default")) == (1, 1)
    session = Session(Options().flags())
    session.finish(session.parse(source), None, stock)
    programs = [Program(out), Program(stock)]
    inputs = arguments(resolve(programs[1].inputs())[0])
    ours, wanted = (program.run(program.upload(inputs)) for program in programs)
    assert difference(ours, wanted) < 1e-5


def test_same_input_same_output(matmul: Path, tmp_path: Path, scheduler: Scheduler) -> None:
    texts = []
    for number in range(2):
        out = tmp_path / f"{number}.vmfb"
        compile_file(matmul, out, Options(), scheduler=scheduler, script_out=tmp_path / "s.mlir")
        texts.append(((tmp_path / "s.mlir").read_bytes(), out.read_bytes()))
    assert texts[0] == texts[1]


def test_failing_schedule_falls_back(
    matmul: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A schedule that IREE refuses costs its dispatch the schedule, never the module."""
    levels = "distribution = [8, 8, 8], vector_common_parallel = [8, 8, 8]"
    broken = f"#iree_cpu.lowering_config<{levels}>"
    monkeypatch.setattr(Tile, "_config", lambda *_: broken)
    out = tmp_path / "matmul.vmfb"
    report = compile_file(matmul, out, Options(), scheduler=Fixed(SCHEDULE))
    assert report.count("fallback") == 1
    assert capsys.readouterr().err.count("warning:") == 1
    assert _right(out)


def test_dynamic_shape_is_left_with_a_note(tmp_path: Path, scheduler: Scheduler) -> None:
    source = tmp_path / "dynamic.mlir"
    source.write_text(DYNAMIC)
    report = compile_file(source, tmp_path / "d.vmfb", Options(), scheduler=scheduler)
    assert [(row.outcome, row.reason) for row in report.dispatches] == [
        ("left", "has a dynamic shape")
    ]


def test_report_has_every_part(matmul: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    fixed = Fixed(SCHEDULE)
    compile_file(matmul, tmp_path / "m.vmfb", Options(), scheduler=fixed, report_out=path)
    report = json.loads(path.read_text())
    assert {"reading", "generation", "pass"} <= set(report["seconds"])


def test_stock_accepts_the_script(matmul: Path, scheduler: Scheduler) -> None:
    text = str(plan(matmul, Options(), Fixed(SCHEDULE)).script())
    assert "@__kernel_config" in text and "pipeline<DoubleTilingExpert>" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compile", "{missing}"], "does not exist"),
        (["compile", "{text}"], "is not MLIR"),
        (["compile", "{empty}"], "holds no computation"),
        (["compile", "{matmul}", "--target", "cray"], "unknown target 'cray'"),
        (["compile", "{matmul}", "--target", "vulkan"], "vulkan needs --arch"),
        (["compile", "{matmul}", "--target", "cuda", "--arch", "sm_1"], "architecture 'sm_1'"),
        (["compile", "{matmul}", "--arch", "sm_90"], "--arch sm_90 is for GPUs"),
        (["compile", "{matmul}", "--target", "cuda", "--cpu", "znver4"], "--cpu znver4 is for"),
        (["compile", "{matmul}", "--cpu", "nonsense"], "unknown CPU 'nonsense'"),
        (["compile", "{matmul}", "--model", "{nowhere}"], "checkpoint"),
        (["compile", "{matmul}", "--model", "{damaged}"], "checkpoint"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: tmp_path / name for name in ("missing", "text", "empty", "matmul", "nowhere")}
    files["text"].write_text("this is no MLIR")
    files["empty"].write_text("module {}")
    files["matmul"].write_text(MATMUL)
    files["damaged"] = tmp_path / "damaged"
    shutil.copytree(default_dir(), files["damaged"])
    weights = files["damaged"] / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    out = tmp_path / "out.vmfb"
    status = main([*(text.format(**files) for text in arguments), "-o", str(out)])
    message = capsys.readouterr().err.strip()
    assert status == 1
    assert said in message
    assert len(message.splitlines()) == 1
    assert not out.exists() and not list(tmp_path.glob(".*partial"))


def test_unwritable_output_is_told_before_compiling(matmul: Path, tmp_path: Path) -> None:
    with pytest.raises(TlmError, match="folder does not exist"):
        compile_file(matmul, tmp_path / "no" / "such.vmfb", Options())


def test_full_disk_leaves_nothing(matmul: Path, tmp_path: Path, scheduler: Scheduler) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, a device on which every write fails as on a full disk")
    out = tmp_path / "out.vmfb"
    out.symlink_to("/dev/full")
    with pytest.raises(TlmError, match="out.vmfb cannot be written: No space left"):
        compile_file(matmul, out, Options(), scheduler=scheduler)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["matmul.mlir", "out.vmfb"]
