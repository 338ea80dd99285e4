# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiling with a saved or an edited script."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from running import loaded
from test_compile import MATMUL, SCHEDULE, Fixed

from tlm_mlir.cli import main
from tlm_mlir.compiler.driver import compile_file
from tlm_mlir.compiler.options import Options
from tlm_mlir.decisions.graph import NAME
from tlm_mlir.policy.scheduler import Answer


@pytest.fixture
def matmul(tmp_path: Path) -> Path:
    path = tmp_path / "matmul.mlir"
    path.write_text(MATMUL)
    return path


@pytest.fixture
def script(matmul: Path, tmp_path: Path) -> Path:
    """The script of a schedule that the model did not write."""
    path = tmp_path / "script.mlir"
    compile_file(
        matmul, tmp_path / "wanted.vmfb", Options(), scheduler=Fixed(SCHEDULE), script_out=path
    )
    return path


def test_a_saved_script_gives_the_program_that_it_was_saved_with(
    matmul: Path, script: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.vmfb"
    report = compile_file(matmul, out, Options(), script=script)
    assert out.read_bytes() == (tmp_path / "wanted.vmfb").read_bytes()
    assert [(row.outcome, row.reason) for row in report.dispatches] == [
        ("scheduled", f"by {script}")
    ]
    assert not report.warnings


def test_no_model_is_needed_without_graph_choices(
    matmul: Path, script: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.vmfb"
    options = Options(graph=False, model=tmp_path / "nowhere")
    assert compile_file(matmul, out, options, script=script).count("scheduled") == 1
    assert out.read_bytes() == (tmp_path / "wanted.vmfb").read_bytes()


def test_an_edited_script_is_what_is_done(matmul: Path, script: Path, tmp_path: Path) -> None:
    text = script.read_text()
    edited = text.replace(
        "vector_common_parallel = [4, 16, 0]", "vector_common_parallel = [2, 8, 0]"
    )
    assert edited != text
    script.write_text(edited)
    out = tmp_path / "out.vmfb"
    compile_file(matmul, out, Options(), script=script)
    assert out.read_bytes() != (tmp_path / "wanted.vmfb").read_bytes()
    a, b = (np.random.default_rng(0).random(s, np.float32) for s in ((37, 64), (64, 80)))
    assert np.allclose(loaded(out).main(a, b).to_host(), a @ b, rtol=1e-4)


class Packing(Fixed):
    """Packs what can be packed: the functions of its programs have other names."""

    def ask(self, tasks, baselines, samples=None):  # type: ignore[no-untyped-def]
        return [
            Answer(task.parse("graph:tiled <end>")) if task.question.token == NAME else answer
            for task, answer in zip(tasks, super().ask(tasks, baselines), strict=True)
        ]


def test_a_script_for_the_program_as_it_is_leaves_graph_choices_out(
    matmul: Path, script: Path, tmp_path: Path
) -> None:
    """As `tlm-mlir script` writes it: its functions are those without graph-level choices."""
    out = tmp_path / "out.vmfb"
    report = compile_file(matmul, out, Options(), script=script, scheduler=Packing(SCHEDULE))
    assert report.count("scheduled") == 1 and report.decisions == tuple(report.dispatches)
    assert out.read_bytes() == (tmp_path / "wanted.vmfb").read_bytes()


def test_schedules_without_a_function_are_told(matmul: Path, script: Path, tmp_path: Path) -> None:
    both = tmp_path / "both.mlir"
    more = (
        "  transform.named_sequence @more(%f: !transform.any_op {transform.readonly}) {\n"
        '    %0 = transform.structured.match ops{["func.func"]} attributes {sym_name = "gone"}\n'
        "        in %f : (!transform.any_op) -> !transform.any_op\n"
        "    transform.yield\n  }\n}\n"
    )
    both.write_text(script.read_text().rstrip().removesuffix("}") + more)
    report = compile_file(matmul, tmp_path / "out.vmfb", Options(), script=both)
    assert report.warnings == (
        f"{matmul} lacks 1 of the 2 functions that {both} has schedules for",
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{good}", "has no function that {path} has a schedule for (main_dispatch_0_matmul"),
        ("no MLIR", "{path} is no script that IREE reads"),
        ("module {{}}", "{path} cannot be applied: the script holds no sequence @__kernel_config"),
        (
            MATMUL.replace("{", "{{").replace("}", "}}"),
            "{path} cannot be applied: the script holds",
        ),
        ("{empty}", "{path} schedules nothing"),
        (None, "{path} cannot be read"),
    ],
)
def test_what_cannot_be_applied_is_one_sentence(
    content: str | None,
    said: str,
    script: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, other, out = (tmp_path / name for name in ("edited.mlir", "other.mlir", "out.vmfb"))
    other.write_text(MATMUL.replace("37", "39"))
    empty = (
        "module attributes {transform.with_named_sequence} {\n"
        "  transform.named_sequence @__kernel_config(%f: !transform.any_op"
        " {transform.consumed}) { transform.yield }\n}"
    )
    if content is not None:
        path.write_text(content.format(good=script.read_text(), empty=empty))
    capsys.readouterr()
    command = ["compile", str(other), "-o", str(out), "--no-graph", "--script", str(path)]
    assert main(command) == 1
    message = capsys.readouterr().err
    assert said.format(path=path) in message and len(message.splitlines()) == 1
    assert not out.exists()


def test_a_schedule_that_iree_refuses_is_one_sentence(
    matmul: Path, script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = script.read_text()
    script.write_text(text.replace("distribution = [", "distribution = [1, 1, 1, "))
    out = tmp_path / "out.vmfb"
    command = ["compile", str(matmul), "-o", str(out), "--no-graph", "--script", str(script)]
    assert main(command) == 1
    said = capsys.readouterr().err
    assert f"does not compile with {script}: " in said and not out.exists()


def test_a_script_is_not_kept_that_the_model_did_not_write(
    matmul: Path, script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--script", str(script), "--script-out", str(tmp_path / "again.mlir")]
    assert main(["compile", str(matmul), "-o", str(tmp_path / "out.vmfb"), *more]) == 1
    assert "leave it out beside --script" in capsys.readouterr().err
