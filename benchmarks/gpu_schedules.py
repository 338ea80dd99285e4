# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Do all schedules that the grammar admits compile for GPUs?

    python benchmarks/gpu_schedules.py NETWORK.mlir... --device vulkan:ampere cuda:sm_90

Draws schedules token by token, or has the model write them (`--model DIR`), for every distinct
dispatch of the networks, writes each as a script, applies it and translates it, for Vulkan to
SPIR-V and for CUDA to LLVM's dialect. Nothing is run: `tests/e2e/test_vulkan_values.py` checks
values, `tests/e2e/test_cuda_ptx.py` PTX.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from iree.compiler import ir
from rich.console import Console
from rich.progress import track

from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script
from tlm_mlir.errors import CompileError
from tlm_mlir.ir.dispatch import Dispatch, find_dispatches
from tlm_mlir.iree.devices import gpu_flags
from tlm_mlir.iree.executables import alone
from tlm_mlir.iree.phases import SOURCES, TRANSLATED
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.policy.scheduler import Scheduler
from tlm_mlir.targets import registry
from tlm_mlir.targets.dispatches import normalize
from tlm_mlir.targets.target import Target
from tlm_mlir.targets.task import Task

DEVICES = ["vulkan:llvmpipe", "vulkan:ampere", "vulkan:valhall", "cuda:sm_80", "cuda:sm_90"]


def schedulable(module: ir.Operation, target: Target) -> Iterator[Dispatch]:
    """Distinct dispatches for which there is more than IREE's default."""
    seen = set()
    for dispatch in find_dispatches(module):
        workload = dispatch.reading.workload
        if workload is None or dispatch.at_load or workload.digest in seen:
            continue
        seen.add(workload.digest)
        if registry.task(workload, target).schedulable:
            yield dispatch


def compiles(session: Session, dispatch: Dispatch, target: Target, schedule: Schedule) -> str:
    """The pipeline of a schedule, with IREE's reason where it did not compile."""
    workload = dispatch.reading.workload
    assert workload is not None
    asked = ScheduledDispatch(dispatch.name, workload, dispatch.reading.names, schedule)
    script = build_script([asked], target, session.context)
    module = alone(dispatch.executable)
    pipeline = schedule.pipeline
    try:
        SchedulePass(script, {dispatch.name}).run(module)
        session.run(module, SOURCES, TRANSLATED)
    except CompileError as error:
        tokens = registry.task(workload, target).text(schedule)
        return f"{pipeline} fails: {dispatch.name} {tokens}: {error}"
    return f"{pipeline} compiles"


class Draw:
    """Draws schedules of a task: at random, or what a model writes."""

    def __init__(self, model: Path | None) -> None:
        self._rng = np.random.default_rng(0)
        self._scheduler = Scheduler(model) if model else None

    def __call__(self, task: Task, count: int) -> list[Schedule]:
        """So many schedules, the default never among them (and then fewer)."""
        if self._scheduler:
            return self._scheduler.sample(task, count, int(self._rng.integers(1 << 31)))
        return [task.random(self._rng) for _ in range(count)]


def main() -> int:
    """Prints the outcomes by device as JSON; fails unless all compile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", type=Path, nargs="+")
    parser.add_argument("--device", nargs="+", default=DEVICES)
    parser.add_argument("--draws", type=int, default=4, help="schedules of each dispatch")
    parser.add_argument("--model", type=Path, metavar="DIR", help="a checkpoint that writes them")
    options = parser.parse_args()
    draw = Draw(options.model)
    outcomes: dict[str, Counter[str]] = {}
    for device in options.device:
        counts = outcomes[device] = Counter()
        flags = gpu_flags(*device.split(":"))
        for network in options.networks:
            session = Session(flags)
            module = session.run(session.parse(network), None, SOURCES)
            normalize(module)
            first = find_dispatches(module)[0]
            target = registry.read_target(first.target, 1, session.context)
            chosen = list(schedulable(module, target))
            name = f"{device} {network.stem}"
            for dispatch in track(chosen, name, console=Console(stderr=True)):
                workload = dispatch.reading.workload
                assert workload is not None
                drawn = draw(registry.task(workload, target), options.draws)
                counts.update(compiles(session, dispatch, target, schedule) for schedule in drawn)
    print(json.dumps(outcomes, indent=1))
    return 1 if any("fails" in outcome for counts in outcomes.values() for outcome in counts) else 0


if __name__ == "__main__":
    raise SystemExit(main())
