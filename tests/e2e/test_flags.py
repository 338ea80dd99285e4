# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Flags for IREE over which LLVM ends the process, or which it would silently leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlm_mlir.cli import main
from tlm_mlir.compiler.driver import Options
from tlm_mlir.errors import InputError, TargetError, TlmError
from tlm_mlir.iree import trial
from tlm_mlir.iree.session import Session

PROGRAM = "func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> { return %x : tensor<8xf32> }"
RISCV = "--iree-llvmcpu-target-triple=riscv64-linux-gnu"


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--nonsense", "IREE does not take --nonsense: Unknown command line argument"),
        ("--help", "IREE does not take --help: it ends the process"),
        ("--version", "IREE does not take --version: it ends the process"),
        ("-o=elsewhere", "IREE does not take -o=elsewhere: Unknown command line argument"),
        ("--compile-to=flow", "IREE does not take --compile-to=flow: Unknown command line"),
        ("--iree-plugin=nonsense", "could not activate requested IREE plugin 'nonsense'"),
        ("--iree-opt-level=O9", "'O9' value not a valid optimization level"),
        ("--mlir-print-ir-after=nonsense", "Cannot find option named 'nonsense'"),
        ("--iree-llvmcpu-target-triple=nonsense", "it ends the process by SIG"),
        ("--iree-llvmcpu-target-data-layout=xx", "unknown specifier 'x'"),
        ("--iree-hal-target-device=nonsense", "unregistered device alias"),
        ("--iree-hal-target-device=local", 'device alias "local" does not provide'),
    ],
)
def test_a_flag_that_iree_dies_of_is_one_sentence(
    flag: str, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "program.mlir", tmp_path / "out.vmfb"
    source.write_text(PROGRAM)
    assert main(["compile", str(source), "-o", str(out), f"--iree-arg={flag}"]) == 1
    found = capfd.readouterr()
    assert said in found.err and len(found.err.splitlines()) == 1 and not found.out
    assert not out.exists()
    with pytest.raises(TlmError):
        Options(iree_args=(flag,)).flags()


def test_a_flag_of_a_gpu_is_one_sentence() -> None:
    with pytest.raises(InputError, match="does not take --nonsense"):
        Options("cuda", arch="sm_80", iree_args=("--nonsense",)).flags()
    with pytest.raises(InputError, match="names a device beside --target cuda"):
        Options("cuda", arch="sm_80", iree_args=("--iree-hal-target-device=local",)).flags()


def test_a_cpu_is_asked_for_together_with_its_triple() -> None:
    """Named after a bug: the CPU was looked for among those of this machine's architecture."""
    flags = Options(cpu="generic-rv64", iree_args=(RISCV,)).flags()
    assert RISCV in flags
    with pytest.raises(TargetError, match="unknown CPU 'znver4' for riscv64"):
        Options(cpu="znver4", iree_args=(RISCV,)).flags()


def test_nothing_is_asked_for_the_usual_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "trial", lambda flags: pytest.fail(f"asked for {flags}"))
    for flags in ((), ("--iree-opt-level=O2",), ("--iree-opt-data-tiling",)):
        assert Options(iree_args=flags).flags()[-1:] == [*(flags or Options().flags()[-1:])]


def test_a_program_that_becomes_no_bytecode_is_an_error(tmp_path: Path) -> None:
    session = Session(Options().flags())
    with pytest.raises(TlmError):
        session.finish(session.parse_text("module {}"), None, tmp_path / "out.vmfb")
