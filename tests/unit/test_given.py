# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Command lines with IREE's flags in them, and response files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlm_mlir.cli import given, main
from tlm_mlir.cli.arguments import options_of
from tlm_mlir.cli.parser import parse
from tlm_mlir.compiler.options import AS_FLAGS_SAY, Options
from tlm_mlir.errors import TargetError, TlmError
from tlm_mlir.iree.flags import device_names

LOCAL = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu"]


def compiled(*words: str) -> Options:
    """The options of `tlm-mlir compile in.mlir -o out` with more words."""
    return options_of(parse(["compile", "in.mlir", "-o", "out", *words]))


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["--iree-opt-level=O2"], ("--iree-opt-level=O2",)),
        (["--iree-opt-level", "O2"], ("--iree-opt-level=O2",)),
        (["-iree-opt-level=O2"], ("--iree-opt-level=O2",)),
        (["--iree-opt-data-tiling", "--cores", "3"], ("--iree-opt-data-tiling",)),
        (["--mlir-print-ir-after-all"], ("--mlir-print-ir-after-all",)),
        (["-mlir-print-ir-before", "cse"], ("--mlir-print-ir-before=cse",)),
        (["--iree-arg=--x", "--iree-opt-strip-assertions"], ("--x", "--iree-opt-strip-assertions")),
    ],
)
def test_a_flag_of_irees_goes_to_iree(words: list[str], flags: tuple[str, ...]) -> None:
    assert compiled(*words).iree_args == flags


def test_a_flag_without_a_value_leaves_the_module_alone() -> None:
    options = parse(["compile", "--iree-opt-data-tiling", "in.mlir", "-oout"])
    assert options.module == Path("in.mlir") and options.output == Path("out")


def test_iree_is_not_asked_about_what_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the better part of a second."""
    monkeypatch.setattr(given, "_irees", lambda: pytest.fail("asked"))
    assert compiled("--iree-opt-level=O2", "--core", "2", "-q").cores == 2


def test_what_nobody_knows_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        compiled("--nonsense=3")
    assert "unrecognized arguments: --nonsense=3" in capsys.readouterr().err


def test_response_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner, outer, loop = (tmp_path / name for name in ("inner", "outer", "loop"))
    inner.write_text("--iree-opt-level O3\n'--model=a b'")
    outer.write_text(f"--cores 4 @{inner}\n--cpu=znver3")
    found = compiled(f"@{outer}")
    assert (found.cores, found.cpu, found.iree_args) == (4, "znver3", ("--iree-opt-level=O3",))
    assert found.model == Path("a b")
    # The value of an option is none: bench takes files of inputs so.
    options = parse(["bench", "in.mlir", "--input", f"@{inner}"])
    assert options.input == [f"@{inner}"]
    assert parse(["compile", "@nowhere", "-o", "out"]).module == Path("@nowhere")
    for text, said in ((f"@{loop}", "names itself"), ("'open", "cannot be read as arguments")):
        loop.write_text(text)
        with pytest.raises(SystemExit, match="2"):
            compiled(f"@{loop}")
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], Options()),
        (LOCAL, Options()),
        (["--iree-hal-target-backends=llvm-cpu"], Options()),
        ([*LOCAL, "--iree-llvmcpu-target-cpu=znver4"], Options(cpu="znver4")),
        (["--triple=aarch64-linux-gnu"], Options(cpu="generic", triple="aarch64-linux-gnu")),
        (
            ["--iree-llvmcpu-target-triple=aarch64-linux-gnu", "--cpu=neoverse-n1"],
            Options(cpu="neoverse-n1", triple="aarch64-linux-gnu"),
        ),
        (
            ["--iree-llvmcpu-target-cpu-features=+avx2"],
            Options(cpu="generic", iree_args=("--iree-llvmcpu-target-cpu-features=+avx2",)),
        ),
        (
            ["--iree-hal-target-device=cuda", "--iree-cuda-target=sm_90"],
            Options("cuda", arch="sm_90"),
        ),
        (
            ["--iree-hal-target-backends=vulkan-spirv", "--arch=ampere"],
            Options("vulkan", arch="ampere"),
        ),
        (["--target=cuda", "--iree-cuda-target=sm_80"], Options("cuda", arch="sm_80")),
    ],
)
def test_irees_flags_say_what_is_compiled_for(words: list[str], wanted: Options) -> None:
    assert compiled(*words) == wanted


@pytest.mark.parametrize(
    "words",
    [
        ["--iree-hal-target-device=cuda"],
        ["--iree-hal-target-device=hip", "--iree-rocm-target=gfx942"],
        [*LOCAL, "--iree-hal-local-target-device-backends=vmvx"],
        [*LOCAL, "--iree-hal-target-device=cuda"],
    ],
)
def test_flags_that_options_have_no_words_for_stay(words: list[str]) -> None:
    found = compiled(*words)
    assert found.target == AS_FLAGS_SAY and found.iree_args == tuple(words)
    with pytest.raises(TargetError, match="--cpu znver4 is for one device"):
        compiled(*words, "--cpu=znver4").flags()


def test_what_has_no_schedules_is_told_from_what_has() -> None:
    assert compiled("--iree-hal-target-backends=vmvx").unscheduled()
    assert compiled("--target=metal").unscheduled()
    assert not compiled("--iree-hal-target-device=cuda").unscheduled()
    assert not compiled(*LOCAL, "--iree-hal-local-target-device-backends=vmvx").unscheduled()
    described = '#hal.device.target<"local", [#hal.executable.target<"llvm-cpu", "x">]>'
    assert not compiled(f"--iree-hal-target-device={described}").unscheduled()


def test_names_of_devices() -> None:
    flags = ["--iree-hal-target-device=a=local", "--iree-hal-target-device=b=cuda[1]"]
    assert device_names([*flags, "--iree-hal-target-backends=vulkan-spirv"]) == ("cuda", "vulkan")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cpu=znver3", "--iree-llvmcpu-target-cpu=znver4"], "tell of the same"),
        (["--target=hip"], "hip needs --arch"),
        (["--target=vmvx", "--arch=x"], "vmvx has no architectures"),
        (["--target=cuda", "--arch=sm_90", "--triple=x"], "--triple x is for llvm-cpu"),
        (["--target=cuda", "--arch=sm_90", "--caches=1k"], "--caches is for llvm-cpu"),
        (["--target=cuda", "--arch=sm_90", *LOCAL], "names a device beside --target cuda"),
    ],
)
def test_what_contradicts_itself_is_one_sentence(words: list[str], said: str) -> None:
    with pytest.raises(TlmError, match=said):
        compiled(*words).flags()


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("32k,1m,32m", (32768, 1 << 20, 32 << 20)),
        ("48KiB, 1.25MB", (49152, 1310720, 0)),
        ("65536", (65536, 0, 0)),
    ],
)
def test_sizes_of_caches(text: str, sizes: tuple[int, int, int]) -> None:
    assert compiled(f"--caches={text}").caches == sizes


@pytest.mark.parametrize("text", ["", "x", "1,2,3,4", "-1k", "1t"])
def test_what_is_no_size_is_a_usage_error(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        compiled(f"--caches={text}")
    assert "are no sizes of L1, L2 and L3" in capsys.readouterr().err


def test_shells_complete_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab", reason="needs the extra completion")
    assert main(["completion", "bash"]) == 0
    told = capsys.readouterr().out
    assert "--script-out" in told and "export-networks" in told


def test_completion_without_its_extra_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tlm_mlir.cli.completion.find_spec", lambda name: None)
    assert main(["completion", "zsh"]) == 1
    assert "pip install tlm-mlir[completion]" in capsys.readouterr().err
