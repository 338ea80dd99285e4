# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What Mesa's RADV tells of Vulkan kernels for hardware that is not there."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from test_bundle import PREFIX

from tlm_mlir.errors import CompileError
from tlm_mlir.iree.devices import gpu_flags
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.measure import bundle, radv
from tlm_mlir.measure.bundle_builder import RandomCandidates
from tlm_mlir.targets.target import GpuTarget

LIT = Path(__file__).resolve().parents[2] / "lit"
DRIVER = PREFIX / "share" / "vulkan" / "icd.d" / "radeon_icd.json"
DEVICE = GpuTarget("vulkan-spirv", 0, 64, 1024, (1024, 1024, 1024), 1 << 16)
installed = pytest.mark.skipif(
    not DRIVER.is_file(), reason="no RADV in build/lavapipe; `make lavapipe` puts it there"
)


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver of build/lavapipe, for the processes that ask it."""
    if importlib.util.find_spec("vulkan") is None:
        pytest.skip("no package `vulkan` here")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(next(PREFIX.glob("lib/*-linux-gnu"))))
    monkeypatch.setenv("VK_DRIVER_FILES", str(DRIVER))
    radv._installed.cache_clear()


@installed
@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize(
    ("name", "arch"),
    [
        *((f"vulkan_{name}", "rdna3") for name in ("matmul", "lanes", "cooperative")),
        *(("vulkan_matmul", arch) for arch in ("rdna2", "rdna4")),
    ],
)
def test_bundled_candidates_say_it(name: str, arch: str) -> None:
    flags = gpu_flags("vulkan", arch)
    sources = bundle.sources_of(LIT / f"{name}.mlir", flags)
    contents = bundle.gather(sources, flags, RandomCandidates(2, seed=1))
    known = [c["statics"] for program in contents.programs for c in program["candidates"]]
    assert len(known) >= 3, contents.left_out
    for each in known:
        assert 0 < each["registers"] <= 256 and each["threads"] > 0
        assert each["vector instructions"] > 0 and each["inverse throughput"] > 0
        assert each["shared"] <= 1 << 16 and each["spilled"] >= 0


@installed
@pytest.mark.usefixtures("driver")
def test_what_it_refuses_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "kernel.spv"
    path.write_bytes(b"no kernel")
    with pytest.raises(CompileError, match="RADV refuses a kernel"):
        radv.Radv("navi31").statics(path, 0, DEVICE)


@installed
@pytest.mark.usefixtures("driver")
def test_it_serves_the_architectures_that_it_knows() -> None:
    assert radv.of(gpu_flags("vulkan", "rdna3"))
    assert not radv.of(gpu_flags("vulkan", "ampere")) and not radv.of(CPU_FLAGS)


def test_without_the_hardware_it_serves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VK_DRIVER_FILES", "/nonexistent.json")
    radv._installed.cache_clear()
    assert radv.of(gpu_flags("vulkan", "rdna3")) is None
    command = [sys.executable, "-m", "tlm_mlir.measure.radv_worker"]
    assert subprocess.run(command, capture_output=True).returncode
    radv._installed.cache_clear()
