# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The other runtimes, each with the advice of its own manual for one request after another.

A side is a function of a network, its folder and a number of threads. It returns its version and a
call, which computes the network once. It runs in a process of its own, pinned to its cores, and
imports its library there.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tlm_mlir.bench.values import load_values
from tlm_mlir.errors import MeasureError
from tlm_mlir.measure.cores import first_cores
from tlm_mlir.targets.cpu.host import WIDTHS, host_features

from .network import INPUTS, NETWORKS

Call = Callable[[], Sequence[np.ndarray]]
Side = Callable[[str, Path, int], tuple[str, Call]]

PEAK_STEPS = 2_000_000
"""Steps of a call of `peak`: some tens of milliseconds."""


def eager(network: str, folder: Path, threads: int) -> tuple[str, Call]:
    """PyTorch, op by op."""
    return _torch(network, threads, compiled=False)


def compiled(network: str, folder: Path, threads: int) -> tuple[str, Call]:
    """torch.compile with weights frozen, so that inductor may lay them out as it wants."""
    return _torch(network, threads, compiled=True)


def _torch(network: str, threads: int, compiled: bool) -> tuple[str, Call]:
    import torch
    from torch._inductor import config

    from tlm_mlir.training.corpus.build import build

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    module, inputs = build(NETWORKS[network])
    if compiled:
        config.freezing = True
        module = torch.compile(module)

    def call() -> list[np.ndarray]:
        with torch.inference_mode():
            return [module(*inputs).numpy()]

    return torch.__version__, call


def onnxruntime(network: str, folder: Path, threads: int) -> tuple[str, Call]:
    """ONNX Runtime on its CPU provider, all of its optimizations on, which is its default."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # Its threads would spin on after a call, in the time of the side that comes next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    providers = ["CPUExecutionProvider"]
    session = ort.InferenceSession(str(_onnx(network, folder)), options, providers=providers)
    names = [each.name for each in session.get_inputs()]
    feeds = dict(zip(names, _inputs(folder), strict=True))
    return ort.__version__, lambda: session.run(None, feeds)


def openvino(network: str, folder: Path, threads: int) -> tuple[str, Call]:
    """OpenVINO's CPU plug-in for the least latency, in f32: a CPU with bf16 would tempt it."""
    import openvino as ov

    core = ov.Core()
    program = core.compile_model(
        core.read_model(str(_onnx(network, folder))),
        "CPU",
        {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        },
    )
    inputs = _inputs(folder)
    request = program.create_infer_request()

    def call() -> list[np.ndarray]:
        found = request.infer(inputs, share_inputs=True, share_outputs=True)
        return [found[port] for port in program.outputs]

    return ov.__version__.split("-")[0], call


def peak(network: str, folder: Path, threads: int) -> tuple[str, Call]:
    """Fused multiply-adds in registers, on every core at once. Its call returns the operations."""
    library = ctypes.CDLL(str(_build_peak(folder)))
    library.peak_run.restype = ctypes.c_double
    library.peak_run.argtypes = [ctypes.c_long, ctypes.POINTER(ctypes.c_float)]
    cores = first_cores(threads)
    pool = ThreadPoolExecutor(threads)

    def run(core: int) -> float:
        os.sched_setaffinity(0, {core})
        return float(library.peak_run(PEAK_STEPS, (ctypes.c_float * 15)(0.5, 1.0, *range(13))))

    return "", lambda: [np.array(sum(pool.map(run, cores)))]


def _build_peak(folder: Path) -> Path:
    source, out = Path(__file__).with_name("peak.c"), folder / "peak.so"
    bits = next((bits for name, bits in WIDTHS.items() if name in host_features()), 128)
    flags = ["-O3", "-march=native", f"-DVECTOR_BYTES={bits // 8}", "-ffp-contract=fast"]
    command = [os.environ.get("CC", "cc"), *flags, "-shared", "-fPIC", "-o", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise MeasureError(f"{command[0]} does not compile {source.name}: {done.stderr[:200]}")
    return out


def _inputs(folder: Path) -> list[np.ndarray]:
    return [value.array() for value in load_values(folder / INPUTS)]


def _onnx(network: str, folder: Path) -> Path:
    return folder / f"{network}.onnx"


SIDES: dict[str, Side] = {
    "eager torch": eager,
    "torch.compile": compiled,
    "ONNX Runtime": onnxruntime,
    "OpenVINO": openvino,
    "peak": peak,
}
READ_ONNX = ("ONNX Runtime", "OpenVINO")


def known(side: str) -> Any:
    """The function of a side. Raises MeasureError for a name that is none."""
    if side not in SIDES:
        raise MeasureError(f"there is no side '{side}'; take one of {', '.join(SIDES)}")
    return SIDES[side]
