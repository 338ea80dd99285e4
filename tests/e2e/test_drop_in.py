# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The drop-in command where something goes wrong, and its own flags and streams."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tlm_mlir.iree.stock import program

BIN = Path(sys.executable).parent
OURS = BIN / "tlm-iree-compile"
FLAGS = ("--iree-hal-target-backends=llvm-cpu", "--iree-llvmcpu-target-cpu=x86-64-v3")
ABS = """\
func.func @abs(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = math.absf %x : tensor<4xf32>
  return %r : tensor<4xf32>
}
"""
RESOURCE = """\
func.func @add(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = arith.constant dense_resource<blob> : tensor<4xf32>
  %r = arith.addf %x, %c : tensor<4xf32>
  return %r : tensor<4xf32>
}
{-#
  dialect_resources: { builtin: { blob: "0x040000000000803F000000400000404000008040" } }
#-}
"""
PRODUCT = """\
func.func @product(%a: tensor<256x512xf32>) -> tensor<256x512xf32> {
  %b = util.unfoldable_constant dense<1.0> : tensor<512x512xf32>
  %z = arith.constant dense<0.0> : tensor<256x512xf32>
  %r = linalg.matmul ins(%a, %b : tensor<256x512xf32>, tensor<512x512xf32>)
      outs(%z : tensor<256x512xf32>) -> tensor<256x512xf32>
  return %r : tensor<256x512xf32>
}
"""
NOTE = "tlm-mlir: "
TAKES_OVER = "stock iree-compile takes over"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with an input; a helper that is started ends with it. Its socket has a short path,
    as in `test_filter.py`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "abs.mlir").write_text(ABS)
    with tempfile.TemporaryDirectory(prefix="tlm-") as place:
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        yield tmp_path
        subprocess.run([BIN / "tlm-schedule", "--stop"], check=True)


def run(*arguments: str | Path, piped: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*arguments], input=piped, capture_output=True)


def notes(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """What we say, beside what stock does."""
    return [line for line in done.stderr.decode().splitlines() if line.startswith(NOTE)]


def test_standard_streams_are_those_of_stock() -> None:
    done = run(OURS, "-", *FLAGS, piped=ABS.encode())
    assert done.returncode == 0 and done.stdout[:4] == run(program(), "abs.mlir", *FLAGS).stdout[:4]
    assert len(notes(done)) == 1 and "1 dispatches scheduled" in notes(done)[0]


def test_a_subcommand_is_the_same_command(folder: Path) -> None:
    done = run(BIN / "tlm-mlir", "iree-compile", "abs.mlir", *FLAGS, "-o", "a.vmfb")
    assert done.returncode == 0 and (folder / "a.vmfb").stat().st_size
    told = run(BIN / "tlm-mlir", "iree-compile", "--version")
    assert told.stdout == run(program(), "--version").stdout


def test_without_standard_error_stock_is_alone() -> None:
    done = run("sh", "-c", f"exec {OURS} abs.mlir {' '.join(FLAGS)} 2>&-")
    assert done.returncode == 0
    assert done.stdout == run(program(), "abs.mlir", *FLAGS).stdout


def test_both_halves_of_a_compile_decide(folder: Path) -> None:
    """With a dump the program is the one of a line without."""
    (folder / "product.mlir").write_text(PRODUCT)
    line = ("product.mlir", *FLAGS, "--iree-input-type=auto", "-o", "a.vmfb")
    whole = run(OURS, *line)
    split = run(OURS, *line, "--iree-hal-dump-executable-files-to=dump")
    assert (whole.returncode, split.returncode) == (0, 0)
    (said,), (told,) = notes(whole), notes(split)
    assert "1 choices of layout and packing" in said
    assert said.partition(";")[0] == told
    assert list((folder / "dump").iterdir())


def test_quiet_and_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(OURS, "--tlm-quiet", "abs.mlir", *FLAGS, "-o", "a.vmfb")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    stock = run(program(), "abs.mlir", *FLAGS)
    assert run(OURS, "abs.mlir", *FLAGS, "--tlm-off").stdout == stock.stdout
    monkeypatch.setenv("TLM_MLIR_QUIET", "1")
    monkeypatch.setenv("TLM_MLIR_OFF", "1")
    assert run(OURS, "abs.mlir", *FLAGS).stdout == stock.stdout


@pytest.mark.parametrize("route", [(), ("--output-format=vm-asm",)])
def test_stock_takes_over_where_there_is_no_model(
    route: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that is no folder costs time; a checkpoint that is damaged costs the schedules."""
    broken = folder / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import tlm_mlir.model.checkpoint as c\n"
        "from tlm_mlir.errors import CheckpointError\n"
        "def load(*given, **more):\n"
        "    raise CheckpointError('the checkpoint is damaged')\n"
        "c.load = load\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(broken))
    piped = run(OURS, "-", *FLAGS, *route, piped=ABS.encode())
    stock = run(program(), "-", *FLAGS, *route, piped=ABS.encode())
    assert (piped.returncode, piped.stdout) == (0, stock.stdout)
    assert len(notes(piped)) == 1 and "the checkpoint is damaged" in notes(piped)[0]


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(1)"])
def test_stock_takes_over_where_the_process_ends(
    end: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = folder / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        f"import os, tlm_mlir.model.checkpoint as c\nc.load = lambda *given, **more: {end}\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(broken))
    done = run(OURS, "abs.mlir", *FLAGS)
    assert (done.returncode, done.stdout) == (0, run(program(), "abs.mlir", *FLAGS).stdout)
    assert len(notes(done)) == 1 and TAKES_OVER in notes(done)[0]


def test_constants_that_no_filter_takes_are_compiled_without(folder: Path) -> None:
    (folder / "resource.mlir").write_text(RESOURCE)
    line = ("resource.mlir", *FLAGS, "--output-format=vm-asm")
    assert run(program(), *line, "--iree-hal-preprocess-executables-with=cat").returncode
    done = run(OURS, *line)
    assert (done.returncode, done.stdout) == (0, run(program(), *line).stdout)
    assert len(notes(done)) == 1 and "with the filter" in notes(done)[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("none.mlir", *FLAGS),
        ("abs.mlir", *FLAGS, "--no-such-flag"),
        ("abs.mlir", *FLAGS, "--iree-opt-level=O9"),
        ("abs.mlir", FLAGS[0], "--iree-llvmcpu-target-cpu=none"),
        ("abs.mlir", *FLAGS, "-o", "none/a.vmfb"),
        ("broken.mlir", *FLAGS),
        ("abs.mlir", "--iree-hal-target-device=local"),
        (".", *FLAGS),
    ],
    ids=lambda arguments: arguments[-1],
)
def test_what_stock_rejects_is_rejected_the_same_way(
    arguments: tuple[str, ...], folder: Path
) -> None:
    (folder / "broken.mlir").write_text("func.func @broken(")
    before = sorted(folder.rglob("*.*"))
    stock, done = run(program(), *arguments), run(OURS, *arguments)
    assert done.returncode == stock.returncode != 0
    assert done.stdout == stock.stdout == b""
    said = b"".join(
        line for line in done.stderr.splitlines(True) if not line.startswith(NOTE.encode())
    )
    assert said == stock.stderr
    left = [path for path in sorted(folder.rglob("*.*")) if "tlm-mlir" not in str(path)]
    assert left == before


def test_a_full_disk_is_told_as_stock_tells_it() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    line = ("abs.mlir", *FLAGS, "-o", "/dev/full")
    stock, done = run(program(), *line), run(OURS, *line)
    assert done.returncode == stock.returncode
