# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the model writes for a GPU, by the static estimate and by NVIDIA's assembler. Nothing runs.

    python benchmarks/gpu_estimates.py NETWORK.mlir... --device cuda:sm_90

For every distinct dispatch of the networks: the estimate of the best that the model writes (one
greedy generation, seven samples) against that of IREE's own choice, whether it is kept, and, for
devices whose compiler is installed (`ptxas`, Mesa's RADV), what that tells of both kernels
(measure/kernels.py).
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from iree.compiler import ir
from rich.console import Console
from rich.progress import track

from tlm_mlir.decisions.apply import apply_schedule
from tlm_mlir.errors import CompileError, InputError
from tlm_mlir.ir.analysis import contraction, window
from tlm_mlir.ir.workload import Workload
from tlm_mlir.iree.devices import gpu_flags
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.measure.bundle import sources_of
from tlm_mlir.measure.kernels import Kernels, assembler
from tlm_mlir.measure.retarget import REFERENCE_FLAGS, only, retarget
from tlm_mlir.measure.statics import Statics
from tlm_mlir.policy.scheduler import Scheduler
from tlm_mlir.targets import registry
from tlm_mlir.targets.target import GpuTarget

MULTIPLYING = ("contraction", "convolution")
TYPED = (*MULTIPLYING, "attention")
"""Kinds of dispatches whose types are told apart."""


class Device:
    """Compiles for one device."""

    def __init__(self, name: str, scheduler: Scheduler) -> None:
        target, _, arch = name.partition(":")
        self.flags = gpu_flags(target, arch)
        found = assembler(self.flags)
        self._kernels = Kernels(self.flags, found) if found else None
        self._session = self._kernels.session if self._kernels else Session(self.flags)
        self._reference = Session(REFERENCE_FLAGS)
        self._scheduler = scheduler

    def row(self, source: str) -> dict[str, Any] | None:
        """What is found of a dispatch; None where IREE's choice is not known or the only one."""
        asked = retarget(source, self._session, self._reference)
        task, own = asked.task, asked.baseline
        workload = task.workload
        if own is None or not task.schedulable:
            return None
        (answer,) = self._scheduler.ask([task], [own])
        chosen = answer.schedule
        kept = not chosen.is_default
        ratio = 1.0
        if kept:
            ratio = task.estimate(own) / task.estimate(chosen)
        row: dict[str, Any] = {
            "workload": workload.digest,
            "name": asked.dispatch.name,
            "type": workload.root_op.inputs[0].dtype if workload.root_op.inputs else "",
            "kind": _kind(workload),
            "schedule": task.text(chosen),
            "kept": kept,
            "estimated_speedup": ratio,
        }
        if self._kernels:
            row["default"] = self._statics(self._kernels, asked.module, None)
            row["ours"] = row["default"]
            if kept:
                row["ours"] = self._statics(self._kernels, asked.module, chosen)
        return row

    def _statics(
        self, kernels: Kernels, module: ir.Operation, schedule: Schedule | None
    ) -> Statics:
        """What is known of a program under a schedule, None for IREE's default."""
        copy = module.clone().operation
        dispatch = only(copy)
        target = registry.read_target(dispatch.target, 1, self._session.context)
        assert isinstance(target, GpuTarget)
        if schedule is not None:
            apply_schedule(dispatch.function, schedule, target)
        with tempfile.TemporaryDirectory() as folder:
            return kernels.finish(copy, SOURCES, Path(folder) / "program.vmfb", target)


def _kind(workload: Workload) -> str:
    """What a dispatch is, for the summary."""
    if workload.root_op.kind == "attention":
        return "attention"
    if contraction(workload):
        return "contraction"
    if window(workload) and any(line.startswith("mul") for line in workload.root_op.body):
        return "convolution"
    return "other sum" if workload.root_op.dims("reduction") else "elementwise"


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
        found = list(rows(Device(name, scheduler), options.networks, name))
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in found:
            kind = row["kind"]
            names = [f"{kind} of {row['type']}" if kind in TYPED else kind]
            if kind in MULTIPLYING:
                names.append(f"{' or '.join(MULTIPLYING)} of {row['type']}")
            for group in names:
                groups.setdefault(group, []).append(row)
        result[name] = {
            "all": summary(found),
            **{group: summary(groups[group]) for group in sorted(groups)},
            "rows": found,
        }
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
