# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules for CUDA become PTX, which `ptxas` assembles where it is. Nothing is run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from iree.compiler import ir

from tlm_mlir.decisions.apply import apply_schedule
from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script
from tlm_mlir.ir.dispatch import find_dispatches
from tlm_mlir.iree.devices import gpu_flags
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.targets import registry
from tlm_mlir.targets.cuda.mma import MMA
from tlm_mlir.targets.cuda.promote import PROMOTE
from tlm_mlir.targets.dispatches import normalize

LIT = Path(__file__).resolve().parents[2] / "lit"
FILES = (
    *("matmul", "conv", "softmax", "transpose", "reduction_multi_op"),
    *("cuda_tensor_cores", "cuda_attention", "cuda_lanes", "cuda_igemm"),
)
DRAWS = 2


SHARED_HEADS = """
#query = affine_map<(g, h, m, n, k, l) -> (g, h, m, k)>
#key = affine_map<(g, h, m, n, k, l) -> (h, l, k)>
#value = affine_map<(g, h, m, n, k, l) -> (h, l, n)>
#scale = affine_map<(g, h, m, n, k, l) -> ()>
#out = affine_map<(g, h, m, n, k, l) -> (g, h, m, n)>
func.func @main(%query: tensor<8x4x64x32xTYPE>, %key: tensor<4x128x32xTYPE>,
                %value: tensor<4x128x64xTYPE>) -> tensor<8x4x64x64xTYPE> {
  %scale = arith.constant 0.125 : TYPE
  %empty = tensor.empty() : tensor<8x4x64x64xTYPE>
  %0 = iree_linalg_ext.attention <{indexing_maps = [#query, #key, #value, #scale, #out]}>
      ins(%query, %key, %value, %scale : tensor<8x4x64x32xTYPE>, tensor<4x128x32xTYPE>,
          tensor<4x128x64xTYPE>, TYPE)
      outs(%empty : tensor<8x4x64x64xTYPE>) {
    ^bb0(%score: f32):
      iree_linalg_ext.yield %score : f32
  } -> tensor<8x4x64x64xTYPE>
  return %0 : tensor<8x4x64x64xTYPE>
}
"""


@pytest.mark.parametrize("arch", ["sm_80", "sm_90"])
@pytest.mark.parametrize("name", FILES)
def test_random_schedules_become_ptx(name: str, arch: str, tmp_path: Path) -> None:
    become_ptx((LIT / f"{name}.mlir").read_text(), arch, tmp_path)


@pytest.mark.parametrize("type_", ["f32", "f16"])
def test_attention_whose_heads_share_keys(type_: str, tmp_path: Path) -> None:
    become_ptx(SHARED_HEADS.replace("TYPE", type_), "sm_80", tmp_path)


def become_ptx(text: str, arch: str, tmp_path: Path) -> None:
    """Random schedules of all dispatches of a program go through IREE and the assembler."""
    flags = [*gpu_flags("cuda", arch), f"--iree-hal-dump-executable-binaries-to={tmp_path}"]
    session = Session(flags)
    module = session.run(session.parse_text(text), None, SOURCES)
    normalize(module)
    rng = np.random.default_rng(0)
    for _ in range(DRAWS):
        candidate = module.clone().operation
        chosen = []
        for dispatch in find_dispatches(candidate):
            workload, names = dispatch.reading.workload, dispatch.reading.names
            assert workload is not None, dispatch.reading.reason
            target = registry.read_target(dispatch.target, 1, session.context)
            schedule = registry.task(workload, target).random(rng)
            chosen.append(ScheduledDispatch(dispatch.name, workload, names, schedule))
        SchedulePass(build_script(chosen, target, session.context)).run(candidate)
        session.finish(candidate, SOURCES, tmp_path / "program.vmfb")
        files = list(tmp_path.glob("*.ptx"))
        assert files, "IREE wrote no PTX"
        free = sum(path.read_text().count(".minnctapersm 1\n") for path in files)
        promoted = [d.schedule.pipeline == PROMOTE.token for d in chosen]
        assert free == sum(promoted), "the assembler must hear that it may take registers"
        for path in files:
            assemble(path, arch)
            path.unlink()


def test_what_is_not_decided_makes_no_difference(tmp_path: Path) -> None:
    """Stages of prefetching and the order of workgroups, which IREE 3.13 takes for CUDA."""
    flags = [*gpu_flags("cuda", "sm_80"), f"--iree-hal-dump-executable-binaries-to={tmp_path}"]
    session = Session(flags)
    module = session.run(session.parse(LIT / "cuda_tensor_cores.mlir"), None, SOURCES)
    normalize(module)
    found = set()
    options = ("prefetch_num_stages = 3", "reorder_workgroups_strategy = <Transpose>")
    for option in ("", *(f"{option}, " for option in options)):
        candidate = module.clone().operation
        for dispatch in find_dispatches(candidate):
            reading = dispatch.reading
            assert reading.workload is not None
            target = registry.read_target(dispatch.target, 1, session.context)
            rng = np.random.default_rng(0)
            schedule = registry.task(reading.workload, target).random(rng)
            while schedule.pipeline != MMA.token:
                schedule = registry.task(reading.workload, target).random(rng)
            apply_schedule(dispatch.function, schedule, target)
            info = str(dispatch.function.attributes["translation_info"])
            changed = info.replace("pipeline_options<", f"pipeline_options<{option}")
            with session.context:
                dispatch.function.attributes["translation_info"] = ir.Attribute.parse(changed)
        session.finish(candidate, SOURCES, tmp_path / "program.vmfb")
        found.add(tuple(path.read_text() for path in sorted(tmp_path.glob("*.ptx"))))
    assert len(found) == 1


def assemble(path: Path, arch: str) -> None:
    """Assembles PTX, where the CUDA toolkit is installed."""
    text = path.read_text()
    assert f".target {arch}" in text and ".entry" in text
    if shutil.which("ptxas"):
        command = ["ptxas", f"--gpu-name={arch}", str(path), "-o", str(path.with_suffix(".cubin"))]
        subprocess.run(command, check=True, timeout=120)
