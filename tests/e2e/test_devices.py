# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs for several devices: each dispatch is decided about for the target that it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import iree.runtime as rt
import numpy as np
import pytest

from tlm_mlir.compiler.driver import compile_file, plan
from tlm_mlir.compiler.options import Options
from tlm_mlir.errors import InputError
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.policy.deciding import FELL_BACK, SCHEDULED
from tlm_mlir.policy.scheduler import Answer

LAYOUT = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"


def cpu(form: str, bits: int, features: str) -> str:
    return (
        f'#hal.executable.target<"llvm-cpu", "{form}", {{cpu = "x86-64", cpu_features ='
        f' "{features}", data_layout = "{LAYOUT}", native_vector_size = {bits // 8} : i64,'
        ' target_triple = "x86_64-unknown-unknown-eabi-elf", max_stack_allocation_size = 32768 :'
        " i64}>"
    )


NARROW = cpu("embedded-elf-x86_64", 128, "+sse4.2")
WIDE = cpu("embedded-elf-x86_64", 256, "+avx2,+fma,+avx,+sse4.2")
OTHER = cpu("embedded-elf-other", 256, "+avx2,+fma,+avx,+sse4.2")
VULKAN = (
    '#hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info ='
    ' #iree_gpu.target<arch = "", features = "spirv:v1.6,cap:Shader", wgp = <compute = fp32|int32,'
    " storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes ="
    " [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384,"
    " max_workgroup_counts = [65535, 65535, 65535]>>}>"
)


def program(first: str, second: str) -> str:
    """A matmul on one device, and another one of its result on a second device."""
    return f"""
module attributes {{stream.affinity.default = #hal.device.affinity<@first>}} {{
  util.global private @first = #hal.device.target<"local", {{ordinal = 0 : index}}, [{first}]>
    : !hal.device
  util.global private @second = #hal.device.target<"{"local" if "llvm" in second else "vulkan"}",
    {{ordinal = 1 : index}}, [{second}]> : !hal.device
  func.func @main(%a: tensor<70x90xf32>, %b: tensor<90x110xf32>) -> tensor<70x50xf32> {{
    %z = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<70x110xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<70x110xf32>) -> tensor<70x110xf32>
    %m = linalg.matmul ins(%a, %b : tensor<70x90xf32>, tensor<90x110xf32>)
      outs(%f : tensor<70x110xf32>) -> tensor<70x110xf32>
    %t = flow.tensor.transfer %m : tensor<70x110xf32> to #hal.device.affinity<@second>
    %c = arith.constant dense<0.5> : tensor<110x50xf32>
    %g = tensor.empty() : tensor<70x50xf32>
    %h = linalg.fill ins(%z : f32) outs(%g : tensor<70x50xf32>) -> tensor<70x50xf32>
    %n = linalg.matmul ins(%t, %c : tensor<70x110xf32>, tensor<110x50xf32>)
      outs(%h : tensor<70x50xf32>) -> tensor<70x50xf32>
    %r = flow.tensor.transfer %n : tensor<70x50xf32> to #hal.device.affinity<@first>
    return %r : tensor<70x50xf32>
  }}
}}
"""


def run_on_two_devices(path: Path, *arguments: np.ndarray) -> np.ndarray:
    config = rt.Config("local-sync")
    hal = rt.create_hal_module(config.vm_instance, devices=[config.device, config.device])
    module = rt.VmModule.copy_buffer(config.vm_instance, path.read_bytes())
    config.default_vm_modules = (hal,)
    context = rt.SystemContext(vm_modules=(module,), config=config)
    return context.modules.module["main"](*arguments).to_host()


class Random:
    """Answers at random, never with the default."""

    identity = "random"

    def compared_by(self, task: Any) -> str:
        return ""

    def ask(self, tasks: Any, baselines: Any, samples: Any = None) -> list[Answer]:
        return [Answer(self._schedule(task)) for task in tasks]

    @staticmethod
    def _schedule(task: Any) -> Schedule:
        if not task.schedulable:
            return task.default
        return task.random(np.random.default_rng(1))


def test_each_dispatch_is_for_its_own_cpu() -> None:
    found = plan(program(NARROW, WIDE), Options(), Random())
    targets = [outcome.site.task.target.vector_bits for outcome in found.lowered]
    assert targets == [128, 256] and len(found.schedules) == 2
    with pytest.raises(InputError, match="the schedules are for 2 targets and a script serves one"):
        found.script()
    assert [(o.outcome, o.reason) for o in found.outcomes["packing"]] == [
        ("left", "is part of a program for 2 targets")
    ] * 2


def test_two_devices_of_one_target_are_one_target() -> None:
    found = plan(program(WIDE, WIDE), Options(), Random())
    assert {outcome.outcome for outcome in found.outcomes["packing"]} == {SCHEDULED}


def test_a_dispatch_that_is_compiled_twice_is_left(tmp_path: Path) -> None:
    report = compile_file(
        program(f"{WIDE}, {OTHER}", WIDE), tmp_path / "out.vmfb", Options(), scheduler=Random()
    )
    assert [row.outcome for row in report.dispatches] == ["left", "left", SCHEDULED]
    assert "is compiled for 2 targets" in report.dispatches[0].reason
    assert not report.warnings


def test_a_cpu_and_a_gpu_each_get_schedules() -> None:
    found = plan(program(WIDE, VULKAN), Options(), Random())
    backends = [outcome.site.task.target.backend for outcome in found.lowered]
    assert backends == ["llvm-cpu", "vulkan-spirv"] and len(found.schedules) == 2
    text = str(found.module)
    assert "linalg.matmul" in text and text.count("linalg.generic") >= 1


def test_values_on_two_cpus(tmp_path: Path) -> None:
    """Of one target: IREE 3.13 links programs for two CPUs into one that does not load."""
    source = program(WIDE, WIDE)
    out, stock = tmp_path / "ours.vmfb", tmp_path / "stock.vmfb"
    report = compile_file(source, out, Options(), scheduler=Random())
    assert not report.count(FELL_BACK) and not report.warnings
    session = Session(Options().flags())
    session.finish(session.parse_bytes(source.encode()), None, stock)
    random = np.random.default_rng(0)
    a, b = (random.standard_normal(shape, np.float32) for shape in ((70, 90), (90, 110)))
    ours, wanted = (run_on_two_devices(path, a, b) for path in (out, stock))
    np.testing.assert_allclose(ours, wanted, rtol=1e-4, atol=1e-4)
