# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the model writes for a GPU, by the static estimate and by NVIDIA's assembler. Nothing runs.

    python benchmarks/gpu_estimates.py NETWORK.mlir... --device cuda:sm_90

For every distinct dispatch of the networks: the estimate of one greedy generation against that of
IREE's own choice, whether it is kept, and, for CUDA where `ptxas` is installed, the registers and
the bytes spilled of both programs.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from iree.compiler import ir
from rich.console import Console
from rich.progress import track

from tlm_mlir.compiler.apply import annotate
from tlm_mlir.compiler.devices import gpu_flags
from tlm_mlir.compiler.retarget import REFERENCE_FLAGS, only, question
from tlm_mlir.compiler.scheduler import Scheduler
from tlm_mlir.compiler.session import SOURCES, Session
from tlm_mlir.errors import CompileError, InputError
from tlm_mlir.language.schedule import Schedule, encode
from tlm_mlir.measure.bundle import sources_of
from tlm_mlir.targets import registry
from tlm_mlir.targets.gpu import contraction

_SPILLS = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
_REGISTERS = re.compile(r"Used (\d+) registers")


class Device:
    """Compiles for one device; what IREE dumps goes to `folder`."""

    def __init__(self, name: str, folder: Path, scheduler: Scheduler) -> None:
        target, _, self._arch = name.partition(":")
        self._folder = folder
        self.flags = gpu_flags(target, self._arch)
        self._session = Session([*self.flags, f"--iree-hal-dump-executable-binaries-to={folder}"])
        self._reference = Session(REFERENCE_FLAGS)
        self._scheduler = scheduler
        self._assembles = target == "cuda" and shutil.which("ptxas") is not None

    def row(self, source: str) -> dict[str, Any] | None:
        """What is found of a dispatch; None where IREE's choice is not known or the only one."""
        asked = question(source, self._session, self._reference)
        workload, target, own = asked.workload, asked.target, asked.own
        if own is None or not registry.schedulable(workload, target):
            return None
        (chosen,) = self._scheduler.schedule([workload], target, [own])
        default = registry.backend(target).DEFAULT
        kept = chosen.choice("pipeline") != default
        ratio = 1.0
        if kept:
            mine, iree = (registry.estimate(workload, target, s) for s in (chosen, own))
            ratio = iree / mine
        found = contraction(workload)
        row: dict[str, Any] = {
            "workload": workload.digest,
            "name": asked.dispatch.name,
            "type": workload.root_op.inputs[0].dtype if workload.root_op.inputs else "",
            "sums": bool(workload.root_op.dims("reduction")),
            "contraction": found is not None,
            "schedule": " ".join(encode(chosen, registry.space_maker(workload, target))),
            "kept": kept,
            "estimated_speedup": ratio,
        }
        if self._assembles:
            row["default"] = self._assembled(asked.module, None)
            row["ours"] = self._assembled(asked.module, chosen) if kept else row["default"]
        return row

    def _assembled(self, module: ir.Operation, schedule: Schedule | None) -> dict[str, int]:
        """Registers and spilled bytes of a program, the most of its kernels."""
        copy = module.clone().operation
        dispatch = only(copy)
        if schedule is not None:
            target = registry.read_target(dispatch.target, 1, self._session.context)
            annotate(dispatch.reading, dispatch.function, schedule, target)
        self._session.finish(copy, SOURCES, self._folder / "program.vmfb")
        texts = []
        for path in self._folder.glob("*.ptx"):
            command = ["ptxas", "-v", f"--gpu-name={self._arch}", str(path), "-o", "/dev/null"]
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
            texts.append(done.stderr)
            path.unlink()
        text = "\n".join(texts)
        return {
            "registers": max(map(int, _REGISTERS.findall(text))),
            "spilled": max(int(a) + int(b) for a, b in _SPILLS.findall(text)),
        }


def rows(device: Device, networks: list[Path], name: str) -> Iterator[dict[str, Any]]:
    """A row for each distinct dispatch that has one."""
    seen = set()
    for network in networks:
        sources = sources_of(network, device.flags)
        for source in track(sources, f"{name} {network.stem}", console=Console(stderr=True)):
            try:
                row = device.row(source)
            except (InputError, CompileError):
                # No program by itself; what IREE refuses by default.
                continue
            if row and row["workload"] not in seen:
                seen.add(row["workload"])
                yield {"network": network.stem, **row}


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures over rows: how many kept, speed-up by the estimate, how many spill."""
    if not found:
        return {"dispatches": 0}
    logs = [math.log(row["estimated_speedup"]) for row in found]
    result = {
        "dispatches": len(found),
        "kept": sum(row["kept"] for row in found),
        "estimated_speedup": math.exp(sum(logs) / len(logs)),
    }
    for who in ("default", "ours"):
        if who in found[0]:
            result[f"{who}_spill"] = sum(row[who]["spilled"] > 0 for row in found)
    return result


def main() -> int:
    """Prints the rows and, by device and kind of dispatch, the summary as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", type=Path, nargs="+")
    parser.add_argument("--device", nargs="+", default=["cuda:sm_90", "vulkan:ampere"])
    parser.add_argument("--model", type=Path, metavar="DIR", help="a checkpoint of your own")
    options = parser.parse_args()
    scheduler = Scheduler(options.model)
    result: dict[str, Any] = {}
    for name in options.device:
        with tempfile.TemporaryDirectory() as folder:
            device = Device(name, Path(folder), scheduler)
            found = list(rows(device, options.networks, name))
        sums = [row for row in found if row["sums"]]
        contractions = [row for row in found if row["contraction"]]
        types = sorted({row["type"] for row in contractions})
        result[name] = {
            "all": summary(found),
            **{
                f"contractions of {t}": summary([r for r in contractions if r["type"] == t])
                for t in types
            },
            "other sums": summary([row for row in sums if not row["contraction"]]),
            "rows": found,
        }
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
