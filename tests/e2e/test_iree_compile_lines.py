# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Command lines that people use, by the drop-in command and by stock: the same kind of result.

The table is `iree_compile_lines.txt`. Inputs are tiny, so that what is tested are the lines. A line
that stock cannot run here fails in the same way.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tlm_mlir.iree.command_line import Route, read
from tlm_mlir.iree.stock import program

TABLE = Path(__file__).with_name("iree_compile_lines.txt")
BIN = Path(sys.executable).parent
ABS = """\
func.func @abs(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = math.absf %x : tensor<4xf32>
  return %r : tensor<4xf32>
}
"""
MATMUL = """\
func.func @matmul(%a: tensor<8x16xf32>, %b: tensor<16x32xf32>, %c: tensor<8x32xf32>)
    -> tensor<8x32xf32> {
  %r = linalg.matmul ins(%a, %b : tensor<8x16xf32>, tensor<16x32xf32>)
      outs(%c : tensor<8x32xf32>) -> tensor<8x32xf32>
  return %r : tensor<8x32xf32>
}
"""
DYNAMIC = ABS.replace("4xf32", "?xf32")
STABLEHLO = ABS.replace("math.absf", "stablehlo.abs")
TOSA = ABS.replace("math.absf %x : tensor<4xf32>", "tosa.abs %x : (tensor<4xf32>) -> tensor<4xf32>")
VM = """\
vm.module @add {
  vm.func @add(%a: i32, %b: i32) -> i32 {
    %r = vm.add.i32 %a, %b : i32
    vm.return %r : i32
  }
  vm.export @add
}
"""
SPLIT = f"{ABS}\n// -----\n\n{ABS.replace('@abs', '@other')}"
INPUTS = {
    "matmul.mlir": MATMUL,
    "mobilenetv2.mlir": MATMUL,
    "resnet18.mlir": MATMUL,
    "dynamic_shapes.mlir": DYNAMIC,
    "iree_input.mlir": STABLEHLO,
    "fullyconnected.mlir": STABLEHLO,
    "counter.mlir": STABLEHLO,
    "simple_embedding_test.mlir": STABLEHLO,
    "esrgan.mlir": TOSA,
    "int8.mlir": TOSA,
    "add.mlir": VM,
    "iree-dump-module-control-flow.mlir": VM,
    "smoketest.mlir": SPLIT,
    "streams.mlir": SPLIT,
}
"""What is not `ABS`."""
CPU = "--iree-hal-target-backends=llvm-cpu"
MADE = {
    "simple_exp_abi.mlir": ("simple_abs.mlir", "--compile-to=abi"),
    "sources.mlir": ("simple_abs.mlir", CPU, "--compile-to=executable-sources"),
    "source.mlir": ("simple_abs.mlir", CPU, "--iree-hal-dump-executable-sources-to=-", "-o=x"),
}
"""Inputs that stock makes of others."""
SAME_NAME = {"add.mlir": ABS}
"""Inputs of lines about programs, whose name another line has for one of the virtual machine."""


@dataclass(frozen=True)
class Line:
    """A line of the table: its address, its arguments and the file that is its standard input."""

    address: str
    arguments: tuple[str, ...]
    piped: str


@dataclass(frozen=True)
class Result:
    """What a command leaves behind; `files` are contents by their path."""

    status: int
    out: bytes
    files: dict[str, bytes]
    said: str

    @property
    def kind(self) -> tuple[bool, bool, list[str]]:
        """Whether it succeeded and printed something, and which files there are."""
        return not self.status, bool(self.out), sorted(self.files)


def table() -> Iterator[Line]:
    """The lines of the table."""
    text = re.sub(r"^#.*\n", "", TABLE.read_text(), flags=re.MULTILINE)
    for entry in text.replace("\\\n", " ").strip().split("\n\n"):
        address, command = entry.strip().split("\n")
        command, _, piped = command.partition(" < ")
        name, *arguments = shlex.split(command)
        assert name == "iree-compile"
        yield Line(address, tuple(arguments), piped.strip())


LINES = list(table())


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Filters of these tests have a helper of their own, which ends with them."""
    runtime = tmp_path_factory.mktemp("run")
    found = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    yield found
    subprocess.run([BIN / "tlm-schedule", "--stop"], env=found, check=True)


def run(
    command: Sequence[str | Path], line: Line, folder: Path, environment: dict[str, str]
) -> Result:
    """Runs a line in a new folder that holds what it reads."""
    (folder / "out").mkdir(parents=True)
    for word in {*line.arguments, line.piped}:
        if word.endswith(".mlir") and "=" not in word:
            write(folder / word, line)
    before = {path for path in folder.rglob("*") if path.is_file()}
    piped = (folder / line.piped).read_bytes() if line.piped else b""
    ran = subprocess.run(
        [*command, *line.arguments], cwd=folder, env=environment, input=piped, capture_output=True
    )
    made = {path for path in folder.rglob("*") if path.is_file()} - before
    files = {str(path.relative_to(folder)): path.read_bytes() for path in made}
    return Result(ran.returncode, ran.stdout, files, ran.stderr.decode(errors="replace"))


def write(path: Path, line: Line) -> None:
    """Writes an input, unless it is the output of its line."""
    name = path.name
    if name in MADE:
        first, *flags = MADE[name]
        write(path.with_name(first), line)
        made = [program(), first, *flags]
        path.write_bytes(subprocess.run(made, cwd=path.parent, capture_output=True).stdout)
    elif name in SAME_NAME and "--compile-mode=vm" not in line.arguments:
        path.write_text(SAME_NAME[name])
    elif read(line.arguments).output != name:
        path.write_text(INPUTS.get(name, ABS))


def test_the_table_has_sixty_lines() -> None:
    assert len({line.arguments for line in LINES}) == len(LINES) >= 60


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.address.rpartition("/")[2])
def test_the_result_is_of_the_kind_of_stock(
    line: Line, tmp_path: Path, environment: dict[str, str]
) -> None:
    stock = run([program()], line, tmp_path / "stock", environment)
    ours = run([BIN / "tlm-iree-compile"], line, tmp_path / "ours", environment)
    assert (ours.status, ours.kind) == (stock.status, stock.kind), ours.said
    if read(line.arguments).route is Route.STOCK:
        assert (ours.out, ours.files) == (stock.out, stock.files)
        return
    off = run([BIN / "tlm-iree-compile", "--tlm-off"], line, tmp_path / "off", environment)
    assert (off.status, off.out, off.files) == (stock.status, stock.out, stock.files)
    told = [text for text in ours.said.splitlines() if text.startswith("tlm-mlir: ")]
    assert len(told) == 1, ours.said
    if not stock.status:
        assert re.search(r"\d+ of \d+ dispatches scheduled", told[0]), ours.said
