# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bundles: compiled here, run by Python alone, and what they must survive.

The tests that run one do so on this machine's CPU, whose programs come by the same path.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import iree.runtime as rt
import pytest
from candidates import CrashingAtCopies

from tlm_mlir.cli import main
from tlm_mlir.errors import InputError
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.measure import bundle
from tlm_mlir.measure.bundle_builder import RandomCandidates
from tlm_mlir.measure.bundled import runner
from tlm_mlir.measure.bundled.device import misfit
from tlm_mlir.measure.bundled.manifest import MANIFEST
from tlm_mlir.measure.database import read_records
from tlm_mlir.measure.isolated import isolated

ROOT = Path(__file__).resolve().parents[2]
PREFIX = ROOT / "build" / "lavapipe" / "usr"
DRIVER = PREFIX / "share" / "vulkan" / "icd.d" / "lvp_icd.json"
CPU = [*CPU_FLAGS, "--iree-llvmcpu-target-cpu=x86-64-v3"]
MATMUL = ROOT / "lit" / "matmul.mlir"
Change = Callable[[str, bytes], bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a matmul and a softmax for the CPU, two schedules each."""
    path = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    files = (MATMUL, ROOT / "lit" / "softmax.mlir")
    sources = [text for file in files for text in bundle.sources_of(file, CPU)]
    contents = bundle.gather(sources, CPU, RandomCandidates(2, seed=1))
    assert contents.candidates == 6 and not contents.left_out
    bundle.write(contents, path, "local-task")
    return path


def changed(made: Path, path: Path, change: Change) -> Path:
    """A copy of a bundle, each file as `change(name, content)` makes it."""
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return path


def manifest_of(edit: Callable[[dict[str, Any]], object]) -> Change:
    """A change of the manifest alone."""

    def change(name: str, content: bytes) -> bytes:
        if name != MANIFEST:
            return content
        manifest = json.loads(content)
        edit(manifest)
        return json.dumps(manifest).encode()

    return change


def run(path: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a bundle as a machine without this project does."""
    command = [sys.executable, str(path), "-o", str(path.with_suffix(".jsonl")), *options]
    where = {"cwd": path.parent, "env": {**os.environ, **more}}
    return subprocess.run(command, capture_output=True, text=True, timeout=240, **where)


def test_records_of_a_bundle_are_merged(made: Path, tmp_path: Path) -> None:
    path = changed(made, tmp_path / "b.zip", lambda name, content: content)
    ran = run(path)
    assert ran.returncode == 0 and "6 records" in ran.stderr, ran.stderr
    records = list(read_records(path.with_suffix(".jsonl")))
    assert {record.status for record in records} <= {"ok", "refused"}
    assert all(record.default_seconds for record in records)
    assert all(json.loads(record.versions)["device"] for record in records)
    text = path.with_suffix(".jsonl").read_text()
    # Cut off in the middle of a record, as by a full disk: it is measured again, the rest is not.
    path.with_suffix(".jsonl").write_text(text[:-40])
    assert run(path).returncode == 0
    again = path.with_suffix(".jsonl").read_text()
    assert again.count("\n") == 6 and again.startswith(text[: text[:-40].rindex("\n")])
    database = str(tmp_path / "r.db")
    merge = ["collect", "--database", database, "--import"]
    assert main([*merge, str(path.with_suffix(".jsonl"))]) == 0
    assert main([*merge, str(tmp_path / "missing.jsonl.xz")]) == 1


def test_records_go_to_standard_output(made: Path, tmp_path: Path) -> None:
    ran = run(changed(made, tmp_path / "b.zip", lambda name, content: content), "-o", "-")
    assert ran.returncode == 0, ran.stderr
    assert len([json.loads(line)["digest"] for line in ran.stdout.splitlines()]) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]


def test_the_same_candidates_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        contents = bundle.gather(
            bundle.sources_of(MATMUL, CPU), CPU, RandomCandidates(1, seed=3)
        )
        bundle.write(contents, tmp_path / name, "local-task")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_damaged_candidate_is_named_and_the_rest_measured(made: Path, tmp_path: Path) -> None:
    def damage(name: str, content: bytes) -> bytes:
        return content[:-1] if name == "0000/001.vmfb" else content

    ran = run(changed(made, tmp_path / "b.zip", damage))
    assert ran.returncode == 0 and "5 records" in ran.stderr
    assert "0000/001.vmfb of the bundle is damaged" in ran.stderr


def test_failures_are_records(made: Path, tmp_path: Path) -> None:
    def edit(manifest: dict[str, Any]) -> None:
        first, second = manifest["programs"]
        # Another program in the place of a schedule, and one that did not compile.
        third = {"schedule": first["candidates"][2]["schedule"], "failed": "no"}
        first["candidates"][2] = third
        for name in ("file", "sha256"):
            first["candidates"][1][name] = second["candidates"][0][name]

    path = changed(made, tmp_path / "b.zip", manifest_of(edit))
    ran = run(path)
    assert ran.returncode == 0, ran.stderr
    statuses = [record.status for record in read_records(path.with_suffix(".jsonl"))]
    assert statuses.count("compile_failed") == 1
    assert len(statuses) == 6 and statuses.count("crashed") == 1
    assert "program 0, candidate 1: " in ran.stderr


def test_wrong_values_are_records_without_a_time(made: Path, tmp_path: Path) -> None:
    # No values are within this of others.
    path = changed(
        made, tmp_path / "b.zip", manifest_of(lambda m: m["programs"][1].update(tolerance=-1.0))
    )
    assert run(path).returncode == 0
    records = list(read_records(path.with_suffix(".jsonl")))
    wrong = [record for record in records if record.status == "wrong_values"]
    assert len(records) == 6 and len(wrong) == 3
    assert all(record.seconds is None for record in wrong)


def test_another_device_is_measured_into_the_same_file(made: Path, tmp_path: Path) -> None:
    path = changed(made, tmp_path / "b.zip", lambda name, content: content)
    assert "6 records" in run(path).stderr
    changed(made, path, manifest_of(lambda manifest: manifest["target"].update(cores=7)))
    assert "12 records" in run(path).stderr


def test_a_hanging_candidate_is_stopped(made: Path, tmp_path: Path) -> None:
    def hang(name: str, content: bytes) -> bytes:
        if name != "bundled/worker.py":
            return content
        line = "                say(at=place)\n"
        assert content.count(line.encode()) == 1
        sleep = line + "                time.sleep(60 * (number == 0 and place == 1))\n"
        return content.replace(line.encode(), sleep.encode())

    path = changed(made, tmp_path / "b.zip", hang)
    ran = run(path, "--limit", "8")
    assert ran.returncode == 0, ran.stderr
    statuses = [record.status for record in read_records(path.with_suffix(".jsonl"))]
    assert len(statuses) == 6 and statuses.count("timeout") == 1


@pytest.mark.parametrize(
    "edit, sentence",
    [
        (lambda manifest: manifest.update(format=99), "has format 99, this runs 2; bundle again"),
        (lambda manifest: manifest["versions"].update(iree="1.0.0"), "was compiled for IREE 1.0.0"),
        (lambda manifest: manifest.update(device="nothing"), "device nothing cannot be used"),
    ],
)
def test_what_cannot_be_run(made: Path, tmp_path: Path, edit: Any, sentence: str) -> None:
    def all_three(manifest: dict[str, Any]) -> None:
        manifest["programs"] = 2 * manifest["programs"]
        edit(manifest)

    ran = run(changed(made, tmp_path / "b.zip", manifest_of(all_three)))
    assert ran.returncode == 1 and sentence in ran.stderr.splitlines()[-1]


def test_a_truncated_bundle(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(made.read_bytes()[:-100])
    assert runner.main([str(path)]) == 1
    assert "is no bundle, or damaged" in capsys.readouterr().err
    assert runner.main([str(tmp_path / "none.zip")]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.zip"
    assert main(["bundle", "-o", str(out), "--arch", "llvmpipe"]) == 1
    assert "give a module or --corpus" in capsys.readouterr().err
    assert main(["bundle", str(MATMUL), "-o", str(out), "--arch", "nonsense"]) == 1
    assert "unknown vulkan architecture 'nonsense'" in capsys.readouterr().err
    assert main(["bundle", str(MATMUL), "-o", str(out), "--target", "metal", "--arch", "m1"]) == 1
    assert "unknown GPU target 'metal'; give cuda or vulkan" in capsys.readouterr().err
    assert main(["collect", "--database", str(tmp_path / "r.db")]) == 1
    assert "give --corpus to measure or --import to merge" in capsys.readouterr().err
    with pytest.raises(InputError, match="nothing to bundle"):
        bundle.write(bundle.Contents(left_out=["why"]), out, "vulkan")
    assert not out.exists()


@pytest.mark.skipif(not DRIVER.is_file(), reason="no lavapipe in build/lavapipe; `make lavapipe`")
def test_a_bundle_for_vulkan_runs_on_lavapipe(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    arguments = ["bundle", str(MATMUL), "-o", str(path), "--arch", "llvmpipe", "--candidates", "2"]
    assert main([*arguments, "--repeat", "3"]) == 0
    libraries = next(PREFIX.glob("lib/*-linux-gnu"))
    ran = run(path, LD_LIBRARY_PATH=str(libraries), VK_DRIVER_FILES=str(DRIVER))
    assert ran.returncode == 0, ran.stderr
    records = list(read_records(path.with_suffix(".jsonl")))
    assert [record.status for record in records] == 3 * ["ok"]
    assert all('"backend":"vulkan-spirv"' in record.target for record in records)


IN_PLACE = """
func.func @main(%a: tensor<256x256xf32>, %b: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %0 = linalg.matmul ins(%a, %a : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%b : tensor<256x256xf32>) -> tensor<256x256xf32>
  return %0 : tensor<256x256xf32>
}
"""


SHORT = """
func.func @main(%a: tensor<32x32xf32>, %b: tensor<32x32xf32>) -> tensor<32x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<32x32xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<32x32xf32>) -> tensor<32x32xf32>
  %0 = linalg.matmul ins(%a, %b : tensor<32x32xf32>, tensor<32x32xf32>)
      outs(%init : tensor<32x32xf32>) -> tensor<32x32xf32>
  return %0 : tensor<32x32xf32>
}
"""


def test_a_short_dispatch_runs_several_times_in_a_call(tmp_path: Path) -> None:
    """One that computes in place would compute something else each time."""
    sources = []
    for name, text in (("short", SHORT), ("in_place", IN_PLACE)):
        source = tmp_path / f"{name}.mlir"
        source.write_text(text)
        sources += bundle.sources_of(source, CPU)
    found: dict[int, list[float]] = {}
    for repeat in (1, 200):
        contents = bundle.gather(sources, CPU, RandomCandidates(1, seed=1), repeat)
        assert len(contents.programs) == 1 and "computes in place" in contents.left_out[0]
        path = tmp_path / f"{repeat}.zip"
        bundle.write(contents, path, "local-task")
        assert run(path).returncode == 0
        rows = [json.loads(line) for line in path.with_suffix(".jsonl").read_text().splitlines()]
        assert {row["status"] for row in rows} <= ({"ok"} if repeat > 1 else {"ok", "refused"})
        found[repeat] = [row["default_seconds"] for row in rows]
    # Of one run, without what a call costs, which is most of one call.
    assert max(found[200]) < min(found[1])


@pytest.mark.skipif(not DRIVER.is_file(), reason="no lavapipe in build/lavapipe; `make lavapipe`")
def test_a_device_that_would_compute_wrong_values_is_refused(tmp_path: Path) -> None:
    """Lavapipe runs code for subgroups of another size than its own, and gives wrong sums."""
    path = tmp_path / "b.zip"
    arguments = ["bundle", str(MATMUL), "-o", str(path), "--arch", "ampere", "--candidates", "1"]
    assert main(arguments) == 0
    libraries = next(PREFIX.glob("lib/*-linux-gnu"))
    ran = run(path, LD_LIBRARY_PATH=str(libraries), VK_DRIVER_FILES=str(DRIVER))
    assert ran.returncode == 1 and ran.stderr.count("\n") == 1
    assert "has subgroups of 8 invocations and the programs are for 32; bundle for" in ran.stderr
    assert not path.with_suffix(".jsonl").exists()


def test_what_fits_a_device() -> None:
    told = "subgroup: size=64 operations=0x7 minSubgroupSize=32 maxSubgroupSize=64 more=0x30\n"
    device = {"name": "a GPU", "told": f"features: none\n{told}"}
    assert not misfit({"subgroup": 32}, device) and not misfit({"cores": 2}, device)
    assert "subgroups of 32 to 64 invocations" in misfit({"subgroup": 128}, device)
    assert not misfit({"subgroup": 128}, {"name": "a GPU", "told": ""})


def has_cuda() -> bool:
    """Whether IREE finds a CUDA device."""
    try:
        return bool(rt.get_driver("cuda").query_available_devices())
    except RuntimeError:
        return False


@pytest.mark.skipif(not has_cuda(), reason="no CUDA device here")
@pytest.mark.parametrize("name", ["matmul", "conv", "softmax", "cuda_tensor_cores"])
def test_a_bundle_for_cuda_runs_on_a_gpu(name: str, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    arguments = ["bundle", str(ROOT / "lit" / f"{name}.mlir"), "-o", str(path), "--target", "cuda"]
    assert main([*arguments, "--arch", "sm_80", "--candidates", "4"]) == 0
    ran = run(path)
    assert ran.returncode == 0, ran.stderr
    # Calls of less than 50 us are not timed, but their values are compared.
    found = {record.status for record in read_records(path.with_suffix(".jsonl"))}
    assert found and found <= {"ok", "refused"}


def test_a_dispatch_over_which_iree_crashes_costs_only_itself() -> None:
    files = (MATMUL, ROOT / "lit" / "transpose.mlir", ROOT / "lit" / "softmax.mlir")
    sources = [bundle.sources_of(file, CPU)[0] for file in files]
    contents = bundle.gather(sources, CPU, CrashingAtCopies(1))
    assert [len(program["candidates"]) for program in contents.programs] == [2, 2]
    assert contents.left_out == ["IREE ended its process (code -11)"]


def test_processes_stop_when_nobody_asks_any_more() -> None:
    """Found when a search was interrupted: it would have gone through all that was left."""
    answers = isolated(time.sleep, [0.0, 60.0, 60.0], timeout=100.0)
    assert next(answers) == (0.0, None)
    start = time.monotonic()
    answers.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 30
