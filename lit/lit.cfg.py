# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Configuration of the IR tests; run `lit -v lit` from the root of the repository."""

import sys
from pathlib import Path

import lit.formats

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# Not resolved: in a virtual environment `python` is a link, and its neighbours are what is wanted.
BIN = Path(sys.executable).parent
STOCK = (
    "--iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu"
    " --iree-llvmcpu-target-triple=x86_64-linux-gnu --iree-llvmcpu-target-cpu=x86-64-v4"
)

LIBRARY = ",".join(map(str, sorted((ROOT / "passes").rglob("*.mlir"))))

config.name = "tlm-mlir"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["Inputs", "tools"]
config.test_source_root = str(HERE)
config.test_exec_root = str(ROOT / "build" / "lit")
config.environment["PYTHONPATH"] = str(ROOT)
config.substitutions += [
    ("%apply", f"{sys.executable} {HERE / 'tools' / 'apply.py'}"),
    # Sequences of `passes/` in a script of the test's own, by stock tools alone.
    (
        "%transform",
        f"{BIN / 'iree-opt'} --transform-preload-library=transform-library-paths={LIBRARY}"
        " --transform-interpreter --split-input-file",
    ),
    ("%codegen", f"{sys.executable} {HERE / 'tools' / 'codegen.py'}"),
    ("%filter", str(BIN / "tlm-schedule")),
    ("%bin", str(BIN)),
    ("%tlm", f"{sys.executable} -m tlm_mlir.cli"),
    # One thread: stock iree-compile has been seen to hang here, idle, with several.
    ("%stock_gpu", f"{BIN / 'iree-compile'} --mlir-disable-threading"),
    ("%stock", f"{BIN / 'iree-compile'} {STOCK}"),
    (r"\bFileCheck\b", str(BIN / "filecheck")),
]
