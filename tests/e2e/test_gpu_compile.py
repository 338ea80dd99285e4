# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`compile` and `script` for GPUs: the same path as for a CPU, compared by an estimate."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tlm_mlir.cli import main
from tlm_mlir.compiler.driver import compile_file, write_script
from tlm_mlir.compiler.options import Options
from tlm_mlir.decisions.point import LEFT
from tlm_mlir.iree.session import iree_compile
from tlm_mlir.policy.compare import ESTIMATE
from tlm_mlir.policy.deciding import DEFAULT, SCHEDULED
from tlm_mlir.policy.scheduler import Answer, Scheduler
from tlm_mlir.targets.cuda import promote, subgroup_reduce, tile

LIT = Path(__file__).resolve().parents[2] / "lit"
GPUS = [("cuda", "sm_80"), ("cuda", "sm_90"), ("vulkan", "llvmpipe"), ("vulkan", "valhall")]
CONFIG = re.compile(r"#iree_\w+\.lowering_config<[^>]*>")


class Random(Scheduler):
    """Answers at random, never with the default."""

    def __init__(self) -> None:
        self.identity = "random"

    def compared_by(self, task) -> str:  # type: ignore[no-untyped-def]
        return ESTIMATE

    def ask(self, tasks, baselines, samples=None, seed=0):  # type: ignore[no-untyped-def]
        rng = np.random.default_rng(0)
        return [Answer(task.random(rng)) for task in tasks]


@pytest.mark.parametrize(("target", "arch"), GPUS)
@pytest.mark.parametrize("name", ["matmul", "conv", "softmax"])
def test_the_model_serves_gpus(name: str, target: str, arch: str, tmp_path: Path) -> None:
    out, report = tmp_path / "out.vmfb", tmp_path / "report.json"
    arguments = ["--target", target, "--arch", arch, "--report-out", str(report)]
    assert main(["compile", str(LIT / f"{name}.mlir"), "-o", str(out), *arguments]) == 0
    assert out.stat().st_size > 0
    told = json.loads(report.read_text())
    rows = told["decisions"]
    assert {row["compared_by"] for row in rows if row["schedule"]} <= {ESTIMATE}
    assert {row["point"] for row in rows} == {"dispatch"} and not told["warnings"]
    assert {row["outcome"] for row in rows} <= {SCHEDULED, DEFAULT, LEFT}


@pytest.mark.parametrize(("target", "arch"), GPUS)
def test_stock_accepts_a_script_for_a_gpu(
    target: str, arch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlm_mlir.compiler.driver.Scheduler", lambda model: Random())
    source, script = LIT / "matmul.mlir", tmp_path / "script.mlir"
    options = Options(target=target, arch=arch)
    report = write_script(source, script, options)
    assert report.count(SCHEDULED) == len(report.dispatches)
    asked = CONFIG.findall(script.read_text())
    flags = [
        *options.flags(),
        f"--iree-codegen-transform-dialect-library={script}",
        "--compile-to=executable-configurations",
    ]
    stock = iree_compile(str(source), [*flags, "-o", "-"])
    assert stock.returncode == 0, stock.stderr
    assert asked and set(asked) <= set(CONFIG.findall(stock.stdout))


def test_a_schedule_that_fails_goes_back_to_irees_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "#iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize>>"
    for module, name in (
        *((tile, "tile_and_fuse"), (promote, "tile_and_fuse")),
        (subgroup_reduce, "vector_distribute"),
    ):
        monkeypatch.setattr(module, name, lambda threads: wrong)
    out = tmp_path / "out.vmfb"
    options = Options(target="cuda", arch="sm_80")
    report = compile_file(LIT / "matmul.mlir", out, options, scheduler=Random())
    assert report.count("fallback") >= 1 and out.stat().st_size > 0
    assert "IREE's default is used" in capsys.readouterr().err
