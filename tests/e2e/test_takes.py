# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `tlm-mlir compile` takes: forms of a program, targets with and without schedules."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from test_compile import MATMUL

from tlm_mlir.cli import main
from tlm_mlir.compiler.driver import compile_file, plan
from tlm_mlir.compiler.options import Options
from tlm_mlir.errors import TlmError
from tlm_mlir.iree.flags import cpu
from tlm_mlir.iree.session import Session, iree_compile
from tlm_mlir.targets.target import CpuTarget

LOCAL = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu"]
CALLS = """
util.global private @x = 4 : i32
func.func @f() -> i32 {
  %0 = util.global.load @x : i32
  return %0 : i32
}
"""


@pytest.fixture
def matmul(tmp_path: Path) -> Path:
    path = tmp_path / "matmul.mlir"
    path.write_text(MATMUL)
    return path


def test_bytecode_is_a_program_from_a_file_and_from_standard_input(
    matmul: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, stream = Session([]), io.BytesIO()
    session.parse(matmul).write_bytecode(stream)
    path = tmp_path / "matmul.mlirbc"
    path.write_bytes(stream.getvalue())
    outs = [tmp_path / name for name in ("text.vmfb", "bytecode.vmfb", "piped.vmfb")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stream.getvalue())))
    for source, out in zip((matmul, path, "-"), outs, strict=True):
        assert main(["compile", str(source), "-o", str(out)]) == 0
    assert len({len(out.read_bytes()) for out in outs}) == 1


def test_a_line_of_iree_compiles_flags_is_taken_as_it_is(matmul: Path, tmp_path: Path) -> None:
    """The documented line for a CPU, with the name of the program alone exchanged."""
    out, ours = tmp_path / "line.vmfb", tmp_path / "ours.vmfb"
    line = [*LOCAL, "--iree-llvmcpu-target-cpu=x86-64-v3", str(matmul), "-o", str(out)]
    assert main(["compile", *line]) == 0
    assert main(["compile", str(matmul), "-o", str(ours), "--cpu", "x86-64-v3"]) == 0
    assert out.read_bytes() == ours.read_bytes()
    assert iree_compile(line[-3], line[:-3] + ["-o", str(out)]).returncode == 0


@pytest.mark.parametrize(
    ("words", "flags", "name"),
    [
        (["--target", "vmvx"], [LOCAL[0], f"{LOCAL[1].split('=')[0]}=vmvx"], "vmvx"),
        (
            ["--iree-hal-target-device=hip", "--iree-rocm-target=gfx942"],
            ["--iree-hal-target-device=hip", "--iree-rocm-target=gfx942"],
            "hip",
        ),
    ],
)
def test_what_has_no_schedules_is_compiled_as_stock_does(
    words: list[str],
    flags: list[str],
    name: str,
    matmul: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, stock = tmp_path / "ours.vmfb", tmp_path / "stock.vmfb"
    assert main(["compile", str(matmul), "-o", str(out), *words]) == 0
    note, line = capsys.readouterr().err.splitlines()
    assert note.startswith(f"warning: {matmul}: there are no schedules for {name};")
    assert line.startswith(f"{out}: compiled as IREE does; ")
    assert iree_compile(str(matmul), [*flags, "-o", str(stock)]).returncode == 0
    assert out.read_bytes() == stock.read_bytes()
    assert main(["script", str(matmul), "-o", str(out), *words]) == 1
    assert f"there are no schedules for {name}; give llvm-cpu" in capsys.readouterr().err


def test_a_module_without_dispatches_is_compiled_as_stock_does(tmp_path: Path) -> None:
    path, out, stock = (tmp_path / name for name in ("calls.mlir", "ours.vmfb", "stock.vmfb"))
    path.write_text(CALLS)
    report = compile_file(path, out, Options())
    assert not report.decisions
    assert iree_compile(str(path), [*cpu("host"), "-o", str(stock)]).returncode == 0
    assert out.read_bytes() == stock.read_bytes()


def test_a_module_of_nothing_fails_as_stock_does(tmp_path: Path) -> None:
    path, out = tmp_path / "empty.mlir", tmp_path / "out.vmfb"
    path.write_text("module {}")
    assert iree_compile(str(path), [*cpu("host"), "-o", str(out)]).returncode == 1
    with pytest.raises(TlmError, match="holds no computation"):
        compile_file(path, out, Options())


def test_caches_of_another_machine_are_those_that_are_given(matmul: Path) -> None:
    given = (65536, 1 << 20, 32 << 20)
    away = Options(triple="aarch64-linux-gnu", cpu="neoverse-n1", graph=False, cores=4)
    for options, sizes in (
        (away, (0, 0, 0)),
        (Options(triple=away.triple, cpu=away.cpu, graph=False, cores=4, caches=given), given),
    ):
        (outcome,) = plan(matmul, options).lowered
        assert outcome.site.task is not None
        target = outcome.site.task.target
        assert isinstance(target, CpuTarget)
        assert (target.l1, target.l2, target.l3, target.cores) == (*sizes, 4)


def test_a_program_for_another_machine(matmul: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.vmfb"
    words = ["--triple=aarch64-linux-gnu", "--caches=64k,1m,32m", "--cores=4"]
    command = [sys.executable, "-m", "tlm_mlir", "compile", str(matmul), "-o", str(out), *words]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0 and out.stat().st_size
    assert "built for a generic aarch64, 4 cores;" in ran.stderr


def test_a_program_that_names_its_devices_is_not_said_to_be_for_this_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Path(__file__).resolve().parents[1] / "cases" / "c32_two_devices.mlir"
    assert main(["compile", str(source), "-o", str(tmp_path / "out.vmfb")]) == 0
    assert "built for znver3, " in capsys.readouterr().err
