# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is known of CUDA kernels without running them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tlm_mlir.errors import CompileError
from tlm_mlir.iree.devices import gpu_flags
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.measure import bundle, ptx
from tlm_mlir.measure.bundle_builder import CONFIGURATION, RandomCandidates
from tlm_mlir.targets.target import GpuTarget

LIT = Path(__file__).resolve().parents[2] / "lit"
DEVICE = GpuTarget(
    "cuda", units=0, subgroup=32, threads=1024, group=(1024, 1024, 64), shared=1 << 16, features=()
)
KERNEL = """
.version 8.0
.target sm_80
.address_size 64
.visible .entry add(.param .u64 to)
.maxntid 8, 4, 1
{
	.reg .pred %p<2>;
	.reg .f32 %f<4>;
	.reg .b64 %rd<3>;
	ld.param.u64 %rd1, [to];
	cvta.to.global.u64 %rd2, %rd1;
	ld.global.f32 %f1, [%rd2];
	fma.rn.f32 %f2, %f1, %f1, %f1;
	add.rn.f32 %f3, %f2, %f1;
	setp.gt.f32 %p1, %f3, %f1;
	bar.sync 0;
	@%p1 st.global.f32 [%rd2], %f3;
	ret;
}
"""
assembler = pytest.mark.skipif(not shutil.which("ptxas"), reason="no CUDA toolkit here")


@assembler
def test_what_is_told(tmp_path: Path) -> None:
    path = tmp_path / "add.ptx"
    path.write_text(KERNEL)
    known = ptx.Ptxas().statics(path, 1 << 15, DEVICE)
    assert known.pop("registers") > 0 and known.pop("other instructions") > 0
    assert known == {
        **{"spilled": 0, "threads": 32, "shared": 1 << 15, "resident": 2},
        **{"mma instructions": 0, "fma instructions": 1, "arithmetic instructions": 1},
        **{"global instructions": 2, "shared instructions": 0, "local instructions": 0},
        "barrier instructions": 1,
    }


@assembler
def test_without_a_disassembler_nothing_is_told_of_instructions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "add.ptx"
    path.write_text(KERNEL)
    found = ptx._tool
    monkeypatch.setattr(ptx, "_tool", lambda name: None if name == "nvdisasm" else found(name))
    assert set(ptx.Ptxas().statics(path, 0, DEVICE)) == {
        *("registers", "spilled", "threads", "shared", "resident")
    }


@assembler
def test_what_the_assembler_refuses_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.ptx"
    path.write_text(KERNEL.replace("fma.rn", "fma.nr"))
    with pytest.raises(CompileError, match="ptxas refuses a kernel"):
        ptx.Ptxas().statics(path, 0, DEVICE)


def test_it_serves_cuda_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ptx, "_tool", lambda name: "/bin/true")
    assert ptx.of(gpu_flags("cuda", "sm_80")) and ptx.of(gpu_flags("cuda", "sm_90"))
    assert not ptx.of(CPU_FLAGS) and not ptx.of(gpu_flags("vulkan", "ampere"))
    monkeypatch.setattr(ptx, "_tool", lambda name: None)
    assert not ptx.of(gpu_flags("cuda", "sm_80"))


@assembler
@pytest.mark.parametrize("arch", ["sm_80", "sm_90"])
def test_bundled_candidates_say_it(arch: str) -> None:
    flags = gpu_flags("cuda", arch)
    sources = bundle.sources_of(LIT / "cuda_tensor_cores.mlir", flags)
    contents = bundle.gather(sources, flags, RandomCandidates(2, seed=1))
    known = [c["statics"] for program in contents.programs for c in program["candidates"]]
    # Those of f16: numpy does not know bf16.
    assert len(known) == 3, contents.left_out
    assert all(0 < each["registers"] <= 255 and each["threads"] % 32 == 0 for each in known)
    # IREE's default multiplies on tensor cores out of shared memory.
    assert known[0]["mma instructions"] and known[0]["shared"]
    assert [CONFIGURATION in each for each in known] == [True, False, False]
    assert "TileAndFuse" in known[0][CONFIGURATION]
