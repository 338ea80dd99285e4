# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Configuration of the IR tests; run `lit -v lit` from the root of the repository."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT))

import tlm_mlir.lit  # noqa: E402 (of this tree)

STOCK = (
    "iree-compile --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu"
    " --iree-llvmcpu-target-triple=x86_64-linux-gnu --iree-llvmcpu-target-cpu=x86-64-v4"
)
LIBRARY = ",".join(map(str, sorted((ROOT / "passes").rglob("*.mlir"))))
CPU = "--cpu x86-64-v4 --cores 2 --iree-arg=--iree-llvmcpu-target-triple=x86_64-linux-gnu"
CUDA, VULKAN = "--target cuda --arch sm_80", "--target vulkan --arch ampere"

# Before those of `configure`, which read what these become.
config.substitutions += [
    # What is compiled for is fixed, so that the output is the same on every machine.
    ("%apply", f"tlm-opt {CPU}"),
    ("%flags", CPU),
    ("%cuda", f"tlm-opt {CUDA}"),
    ("%vulkan", f"tlm-opt {VULKAN}"),
    # Sequences of `passes/` in a script of the test's own, by stock tools alone.
    (
        "%transform",
        f"iree-opt --transform-preload-library=transform-library-paths={LIBRARY}"
        " --transform-interpreter --split-input-file",
    ),
    ("%codegen", f"{sys.executable} {HERE / 'tools' / 'codegen.py'}"),
    ("%filter", str(BIN / "tlm-schedule")),
    ("%bin", str(BIN)),
    ("%tlm", "tlm-mlir"),
    # One thread: stock iree-compile has been seen to hang here, idle, with several.
    ("%stock_gpu", "iree-compile --mlir-disable-threading"),
    ("%stock", STOCK),
]
tlm_mlir.lit.configure(config, __file__, output=ROOT / "build" / "lit")
config.name = "tlm-mlir"
config.excludes += ["tools"]
config.environment["PYTHONPATH"] = str(ROOT)
