# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How command lines of iree-compile are read, and which road they take."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tlm_mlir.decisions.points import EARLY
from tlm_mlir.decisions.walk import flags
from tlm_mlir.iree.command_line import (
    BEHIND,
    HONOURED,
    LATER,
    STOCK_ALONE,
    WITHOUT_CODE,
    CommandLine,
    Route,
    read,
)
from tlm_mlir.iree.session import iree_compile

CPU = "--iree-hal-target-backends=llvm-cpu"


def line(text: str) -> CommandLine:
    return read(shlex.split(text))


@pytest.mark.parametrize(
    "text",
    [
        f"a.mlir {CPU} -o b.vmfb",
        "a.mlir --iree-hal-target-backends llvm-cpu -o b.vmfb",
        "-iree-hal-target-backends=llvm-cpu a.mlir -o=b.vmfb",
        f"{CPU} --o b.vmfb a.mlir",
        f"{CPU} -o b.vmfb -- a.mlir",
        f"{CPU} -o c.vmfb -o b.vmfb a.mlir",
        f"{CPU} --iree-opt-data-tiling a.mlir -o b.vmfb",
        f"a.mlir {CPU} -o b.vmfb --iree-llvmcpu-target-cpu-features host",
        "a.mlir -o b.vmfb --iree-hal-target-device=local"
        " --iree-hal-local-target-device-backends=llvm-cpu",
    ],
)
def test_a_line_for_a_cpu_is_compiled_whole(text: str) -> None:
    found = line(text)
    assert (found.source, found.output, found.targets) == ("a.mlir", "b.vmfb", ("llvm-cpu",))
    assert found.route is Route.WHOLE
    assert "--o=b.vmfb" not in found.session_flags


def test_a_value_that_is_an_argument_of_its_own_is_joined_to_its_flag() -> None:
    found = line(f"a.mlir {CPU} --iree-llvmcpu-target-cpu-features host")
    assert found.session_flags == (CPU, "--iree-llvmcpu-target-cpu-features=host")


def test_a_program_for_any_cpu_is_hinted_at() -> None:
    assert "generic CPU" in line(f"a.mlir {CPU}").hint
    for more in ("cpu=host", "cpu host", "cpu-features=+avx2"):
        assert not line(f"a.mlir {CPU} --iree-llvmcpu-target-{more}").hint
    assert not line("a.mlir --iree-hal-target-device=cuda").hint


def test_standard_streams() -> None:
    found = line(f"- {CPU}")
    assert (found.source, found.output) == ("-", "-")
    assert line(f"{CPU} --iree-opt-data-tiling -").source == "-"


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("--iree-hal-target-device=cuda", ("cuda",)),
        ("--iree-hal-target-backends=vulkan-spirv", ("vulkan",)),
        ("--iree-hal-target-device=vulkan", ("vulkan",)),
    ],
)
def test_gpus_are_known_by_backend_and_device(text: str, targets: tuple[str, ...]) -> None:
    found = line(f"a.mlir {text}")
    assert (found.targets, found.route) == (targets, Route.WHOLE)


@pytest.mark.parametrize(
    "text",
    [
        f"a.mlir {CPU} --mlir-print-ir-after-all",
        f"a.mlir {CPU} --iree-hal-dump-executable-files-to=d",
        f"a.mlir {CPU} --iree-opt-export-parameters=model=a.irpa",
        f"a.mlir {CPU} --compile-to=hal",
        f"a.mlir {CPU} --compile-to hal",
        f"a.mlir {CPU} --compile-from=flow",
        f"a.mlir {CPU} --output-format=vm-c",
        f"a.mlir {CPU} --iree-hal-target-backends=vmvx",
        f"a.mlir {CPU} --iree-opt-level=O1 --iree-opt-level=O2",
        "a.mlir",
        "a.mlir --iree-hal-target-device=local",
        "a.mlir --iree-hal-target-device=#hal.device.target<'local'>",
        "a.mlir --iree-hal-target-device=a=local --iree-hal-target-device=b=vulkan",
    ],
)
def test_what_a_session_does_not_honour_takes_the_filter(text: str) -> None:
    assert line(text).route is Route.FILTER


@pytest.mark.parametrize(
    ("more", "splits"),
    [
        ("--iree-hal-dump-executable-files-to=d", True),
        ("--compile-to=hal --iree-opt-level=O2", True),
        ("--output-format=vm-c --iree-llvmcpu-target-cpu=host", True),
        ("--dump-compilation-phases-to=d", False),
        ("--mlir-print-ir-after-all", False),
        ("--compile-from=flow", False),
        ("--iree-hal-target-backends=vmvx", False),
        ("--iree-flow-trace-dispatch-tensors", False),
    ],
)
def test_a_line_splits_where_the_front_half_is_the_same(more: str, splits: bool) -> None:
    found = line(f"a.mlir {CPU} {more} -o b")
    assert (found.route, found.splits) == (Route.FILTER, splits)


def test_the_arguments_of_the_two_halves() -> None:
    found = line(f"a.mlir {CPU} --output-format=vm-c --iree-opt-level=O2 -o b")
    assert found.front_flags == (CPU, "--iree-opt-level=O2")
    assert found.continued("c") == (
        *(CPU, "--output-format=vm-c", "--iree-opt-level=O2", "--iree-opt-data-tiling"),
        *("--compile-from=global-optimization", "--o=b", "c"),
    )
    assert BEHIND == tuple(flags(EARLY))


@pytest.mark.parametrize(
    "text",
    [
        *("", "--version", "--help", "-h", "--help-hidden", "--iree-hal-list-target-backends"),
        f"a.mlir b.mlir {CPU}",
        f"{CPU} --iree-opt-data-tiling a.mlir --iree-opt-const-eval b.mlir",
        "a.mlir --iree-hal-target-backends=vmvx",
        "a.mlir --iree-hal-target-device=hip --iree-rocm-target=gfx942",
        "a.mlir --iree-hal-target-device=local --iree-hal-local-target-device-backends==llvm-cpu",
        f"a.mlir {CPU} --compile-mode=vm",
        f"a.mlir {CPU} --compile-to=flow",
        f"a.mlir {CPU} --iree-codegen-transform-dialect-library=mine.mlir",
        f"a.mlir {CPU} --iree-hal-preprocess-executables-with=mine",
    ],
)
def test_where_nothing_can_be_scheduled_stock_is_alone(text: str) -> None:
    assert line(text).route is Route.STOCK


def test_response_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more").write_text("-o 'b c.vmfb'")
    (tmp_path / "flags").write_text(f"{CPU}\n@more a.mlir\n")
    found = line("@flags")
    assert (found.source, found.output) == ("a.mlir", "b c.vmfb")
    assert found.arguments == ("@flags",)
    assert line("@none").source == "@none"
    (tmp_path / "round").write_text("@round")
    assert line("@round").route is Route.FILTER


def test_flags_that_are_honoured_exist_and_write_nothing() -> None:
    told = iree_compile("--help-hidden", []).stdout
    every = {found for found in re.findall(r"^ +(--[\w-]+)", told, re.MULTILINE)}
    honoured = {flag for flag in every if HONOURED.fullmatch(flag)}
    assert len(honoured) > 100
    assert not [f for f in honoured if re.search("dump|print|list|export|path|file|dir$", f)]
    assert len({flag for flag in every if LATER.fullmatch(flag)}) > 20
    assert {flag for flag in every if STOCK_ALONE.fullmatch(flag)} >= {"--help", "--version"}
    assert not [name for name in WITHOUT_CODE if f"={name} " not in told]
