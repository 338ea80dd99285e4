# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules for Vulkan run on Mesa's software driver (`make lavapipe`) and agree with llvm-cpu.

Inputs are small integers, so that sums are exact and a tail that was left out cannot hide.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import iree.runtime as rt
import numpy as np
import pytest
from iree.compiler import ir

from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script
from tlm_mlir.ir.dispatch import find_dispatches
from tlm_mlir.iree.module import body
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.targets import registry
from tlm_mlir.targets.dispatches import normalize
from tlm_mlir.targets.vulkan.subgroup_reduce import SUBGROUP_REDUCE

ROOT = Path(__file__).resolve().parents[2]
PREFIX = ROOT / "build" / "lavapipe" / "usr"
DRIVER = PREFIX / "share" / "vulkan" / "icd.d" / "lvp_icd.json"
VULKAN = ("--iree-hal-target-device=vulkan", "--iree-vulkan-target=llvmpipe")
CPU = ("--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu")
DRAWS = 3

CONTRACTION = """
func.func @main(%a: {a}, %b: {b}) -> {c} {{
  %zero = arith.constant 0{dot} : {kind}
  %empty = tensor.empty() : {c}
  %fill = linalg.fill ins(%zero : {kind}) outs(%empty : {c}) -> {c}
  %r = linalg.{op} ins(%a, %b : {a}, {b}) outs(%fill : {c}) -> {c}
  return %r : {c}
}}
"""
SHAPES = {
    "square": ("matmul", "64x128xf32", "128x96xf32", "64x96xf32"),
    "odd": ("matmul", "17x45xf32", "45x77xf32", "17x77xf32"),
    "row": ("matmul", "1x256xf32", "256x512xf32", "1x512xf32"),
    "bytes": ("matmul", "32x64xi8", "64x48xi8", "32x48xi32"),
    "half": ("matmul", "32x64xf16", "64x48xf16", "32x48xf32"),
    "batch": ("batch_matmul", "3x32x64xf32", "3x64x48xf32", "3x32x48xf32"),
    "nchw": ("conv_2d_nchw_fchw", "1x8x18x18xf32", "16x8x3x3xf32", "1x16x16x16xf32"),
    "depthwise": ("depthwise_conv_2d_nhwc_hwc", "1x18x18x8xf32", "3x3x8xf32", "1x16x16x8xf32"),
    "pooling": ("pooling_nhwc_sum", "1x18x18x8xf32", "3x3xf32", "1x16x16x8xf32"),
}
SOFTMAX = """
func.func @main(%a: tensor<4x6x16x24xf32>) -> tensor<4x6x16x24xf32> {
  %empty = tensor.empty() : tensor<4x6x16x24xf32>
  %r = linalg.softmax dimension(3) ins(%a : tensor<4x6x16x24xf32>)
      outs(%empty : tensor<4x6x16x24xf32>) -> tensor<4x6x16x24xf32>
  return %r : tensor<4x6x16x24xf32>
}
"""
FILES = ("matmul", "conv", "softmax", "transpose", "reduction_multi_op", "vulkan_lanes")

pytestmark = pytest.mark.skipif(
    not DRIVER.is_file(), reason="no lavapipe in build/lavapipe; `make lavapipe` puts it there"
)


def program(name: str) -> str:
    """MLIR of a program whose one function is called `main`."""
    if name in FILES:
        return (ROOT / "lit" / f"{name}.mlir").read_text()
    if name == "rows of rows":
        return SOFTMAX
    op, *shapes = SHAPES[name]
    a, b, c = (f"tensor<{shape}>" for shape in shapes)
    kind = shapes[2].rpartition("x")[2]
    dot = "" if kind.startswith("i") else ".0"
    return CONTRACTION.format(op=op, a=a, b=b, c=c, kind=kind, dot=dot)


def inputs_of(module: ir.Operation) -> list[np.ndarray]:
    """Small integers for every argument of `main`."""
    (function,) = body(module)
    kinds = {"f32": np.float32, "f16": np.float16, "i8": np.int8}
    rng = np.random.default_rng(0)
    arrays = []
    for kind in function.opview.type.inputs:
        shaped = ir.ShapedType(kind)
        values = rng.integers(-3, 4, shaped.shape)
        arrays.append(values.astype(kinds[str(shaped.element_type)]))
    return arrays


def on_cpu(text: str, inputs: list[np.ndarray], out: Path) -> np.ndarray:
    """What IREE's default for this machine's CPU computes."""
    session = Session(CPU)
    session.finish(session.parse_text(text), None, out)
    config = rt.Config("local-sync")
    context = rt.SystemContext(config=config)
    context.add_vm_module(rt.VmModule.copy_buffer(context.instance, out.read_bytes()))
    return context.modules.module.main(*inputs).to_host()


def compiled(text: str, folder: Path) -> list[tuple[str, Path, bool]]:
    """The program under random schedules: (what was asked, module, whether subgroups matter)."""
    session = Session(VULKAN)
    module = session.run(session.parse_text(text), None, SOURCES)
    normalize(module)
    rng = np.random.default_rng(0)
    found = []
    for draw in range(DRAWS):
        candidate = module.clone().operation
        chosen = []
        for dispatch in find_dispatches(candidate):
            workload = dispatch.reading.workload
            assert workload is not None, dispatch.reading.reason
            target = registry.read_target(dispatch.target, 1, session.context)
            schedule = registry.task(workload, target).random(rng)
            names = dispatch.reading.names
            chosen.append(ScheduledDispatch(dispatch.name, workload, names, schedule))
        script = build_script(chosen, target, session.context)
        SchedulePass(script).run(candidate)
        out = folder / f"{draw}.vmfb"
        session.finish(candidate, SOURCES, out)
        lanes = any(d.schedule.choice("pipeline") == SUBGROUP_REDUCE.token for d in chosen)
        found.append((str(script), out, lanes))
    return found


def on_lavapipe(module: Path, inputs: list[Path], out: Path, lanes: bool) -> np.ndarray:
    """What a module computes, in a process that sees lavapipe alone.

    Mesa's translation of a shader takes longer than all else; a third as long unoptimized and for
    narrow vectors. Subgroups are narrower then, so `lanes` asks for those that IREE's target says.
    Shaders that were kept from the other setting would be taken as they are.
    """
    libraries = next(PREFIX.glob("lib/*-linux-gnu"))
    width = 256 if lanes else 128
    subprocess.run(
        [Path(sys.executable).with_name("iree-run-module"), f"--module={module}", "--device=vulkan"]
        + ["--function=main", *(f"--input=@{path}" for path in inputs), f"--output=@{out}"],
        env={
            **os.environ,
            "LD_LIBRARY_PATH": str(libraries),
            "VK_DRIVER_FILES": str(DRIVER),
            "GALLIVM_PERF": "nopt",
            "LP_NATIVE_VECTOR_WIDTH": str(width),
            "MESA_SHADER_CACHE_DIR": str(PREFIX.parent / f"shaders-{width}"),
        },
        check=True,
        timeout=120,
    )
    return np.load(out)


@pytest.mark.parametrize("name", [*SHAPES, "rows of rows", *FILES])
def test_random_schedules_give_the_values_of_a_cpu(name: str, tmp_path: Path) -> None:
    text = program(name)
    inputs = inputs_of(Session(CPU).parse_text(text))
    wanted = on_cpu(text, inputs, tmp_path / "cpu.vmfb")
    stored = [tmp_path / f"input{place}.npy" for place in range(len(inputs))]
    for path, array in zip(stored, inputs, strict=True):
        np.save(path, array)
    # Quotients and exponentials are not exact; sums of integers are.
    tolerance = 1e-5 if name in ("softmax", "rows of rows", "reduction_multi_op") else 0
    for script, module, lanes in compiled(text, tmp_path):
        found = on_lavapipe(module, stored, tmp_path / "out.npy", lanes)
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance, err_msg=script)
