# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Commands that read standard input, and write standard output or what is no regular file."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tlm_mlir.cli import main
from tlm_mlir.targets.cpu.host import usable_cores

ROOT = Path(__file__).resolve().parents[2]
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


@pytest.fixture
def matmul(tmp_path: Path) -> Path:
    path = tmp_path / "matmul.mlir"
    path.write_text(MATMUL)
    return path


def pipe(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Puts a text on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, MATMUL)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a module on standard input becomes in an ordinary file."""
    path = tmp_path_factory.mktemp("wanted") / "out.vmfb"
    with pytest.MonkeyPatch.context() as patch:
        pipe(patch, MATMUL)
        assert main(["compile", "-", "-o", str(path)]) == 0
    return path.read_bytes()


def test_compile_from_standard_input_to_standard_output(
    wanted: bytes, piped: None, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["compile", "-", "-o", "-"]) == 0
    found = capfdbinary.readouterr()
    assert found.out == wanted
    assert re.fullmatch(rb"standard output: 1 .+; [\d.]+ s, [\d.]+ s of it ours\n", found.err)


def test_compile_onto_links_and_fifos(
    wanted: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, fifo = tmp_path / "link", tmp_path / "fifo"
    link.symlink_to("target")
    os.mkfifo(fifo)
    pipe(monkeypatch, MATMUL)
    assert main(["compile", "-", "-o", str(link)]) == 0
    assert link.is_symlink() and (tmp_path / "target").read_bytes() == wanted
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    pipe(monkeypatch, MATMUL)
    assert main(["compile", "-", "-o", str(fifo)]) == 0
    reader.join(10)
    assert read == [wanted] and fifo.is_fifo()


def test_a_module_is_read_from_a_fifo(wanted: bytes, tmp_path: Path) -> None:
    fifo, out = tmp_path / "fifo", tmp_path / "out.vmfb"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_text(MATMUL))
    writer.start()
    assert main(["compile", str(fifo), "-o", str(out)]) == 0
    writer.join(10)
    assert out.read_bytes() == wanted


def test_script_and_report_on_standard_output(
    matmul: Path, piped: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "script.mlir", tmp_path / "out.vmfb"
    assert main(["script", str(matmul), "-o", str(path)]) == 0
    assert not capfd.readouterr().out
    assert main(["script", "-", "-o", "-"]) == 0
    source = 'tlm.source = "{}"'.format
    shown = capfd.readouterr().out.replace(source("standard input"), source(matmul.name))
    assert shown == path.read_text()
    assert main(["compile", str(matmul), "-o", str(out), "--report-out", "-"]) == 0
    assert json.loads(capfd.readouterr().out)["module"] == str(matmul)


def test_the_report_is_printed_and_nothing_else_is_said(
    matmul: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.vmfb"
    assert main(["compile", str(matmul), "-o", str(out), "--json", "-q"]) == 0
    found = capfd.readouterr()
    assert json.loads(found.out)["cores"] == usable_cores()
    assert not found.err


def test_a_line_for_each_decision_comes_before_the_summary(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    attention, out = ROOT / "lit" / "attention.mlir", tmp_path / "out.vmfb"
    arguments = [str(attention), "-o", str(out), "--cpu", "znver3", "--no-graph"]
    assert main(["compile", *arguments, "-v"]) == 0
    first, written, last = capfd.readouterr().err.splitlines()
    assert first.startswith("dispatch main_dispatch_0_attention_4x64x32x32x48 at ")
    assert "attention.mlir:19:8: pipeline:ext " in first
    assert written.startswith("of the least time, 100% is in dispatches whose schedule the model")
    assert last.startswith(f"{out}: 1 dispatch scheduled; built for znver3, ")


def test_a_benchmark_reads_standard_input_and_reports_to_standard_output(
    piped: None, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "-", "--rounds", "2", "--report-out", "-"]) == 0
    found = capfd.readouterr()
    assert [row["name"] for row in json.loads(found.out)["rows"]] == ["stock default", "tlm-mlir"]
    assert "interleaved runs" in found.err


@pytest.mark.parametrize("report", [["--report-out", "-"], ["--json"]])
def test_two_outputs_on_standard_output_are_refused(
    report: list[str], matmul: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", str(matmul), "-o", "-", *report]) == 1
    found = capfd.readouterr()
    assert "cannot both be standard output" in found.err and not found.out


def test_bad_standard_input_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for text, said in (("no MLIR", "is not MLIR"), ("module {}", "holds no computation")):
        pipe(monkeypatch, text)
        assert main(["compile", "-", "-o", "-"]) == 1
        found = capfd.readouterr()
        assert f"error: standard input {said}" in found.err
        assert len(found.err.splitlines()) == 1 and not found.out


def test_ctrl_c_ends_a_long_compile_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    source, out = ROOT / "examples" / "resnet50" / "resnet50.mlir", tmp_path / "out.vmfb"
    command = [sys.executable, "-m", "tlm_mlir", "compile", str(source), "-o", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    # It takes more than ten seconds on any machine, most of them inside of IREE.
    time.sleep(5)
    start = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "tlm-mlir: interrupted\n")
    assert time.monotonic() - start < 5
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sink", ["closed", "/dev/full"])
def test_output_that_nobody_takes_is_one_sentence(matmul: Path, sink: str) -> None:
    if sink != "closed" and not os.path.exists(sink):
        pytest.skip(f"needs {sink}")
    command = [sys.executable, "-m", "tlm_mlir.cli", "tokens", str(matmul)]
    if sink == "closed":
        read, out = os.pipe()
        os.close(read)
    else:
        out = os.open(sink, os.O_WRONLY)
    try:
        ran = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(out)
    assert ran.returncode == 1
    assert ran.stderr.startswith("tlm-mlir: error: standard output")
    assert len(ran.stderr.splitlines()) == 1
