# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Unmeasured legal schedules for pre-training: they teach the language, not what is fast.

    tlm-mlir unmeasured CORPUS.jsonl.xz OUT.jsonl.xz --count 500000

All are distinct, half of them drawn token by token, half with sizes mostly divisors and powers of
two. Half of the workloads are for this machine, the others for CPUs of other widths, cores and
caches.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from ...ir.workload import Workload
from ...language.sampling import mutate
from ...measure.lines import write_lines
from ...targets import registry
from ...targets.target import CpuTarget
from ...targets.task import Task
from ..corpus.entries import read_for_host

_FEATURES = {128: (), 256: ("fma",), 512: ("fma", "avx512vnni", "avx512bf16")}
"""Features of a CPU by its vectors' bits."""


def schedules(task: Task, count: int, rng: np.random.Generator) -> list[str]:
    """Up to `count` distinct legal schedules of a workload as token text, fewer where few exist."""
    grammar = task.grammar()
    found: dict[str, None] = {}
    for attempt in range(2 * count):
        if attempt % 2:
            text = " ".join(grammar.sample(rng))
        else:
            text = task.text(mutate(task.space(), {}, task.workload.extents, rng))
        found.setdefault(text)
        if len(found) == count:
            break
    return list(found)


def any_cpu(rng: np.random.Generator) -> CpuTarget:
    """A plausible CPU: 128 to 512 bits wide, 1 to 64 cores, caches of 32 KiB, 256 KiB and more."""
    bits = sorted(_FEATURES)[int(rng.integers(len(_FEATURES)))]
    return CpuTarget(
        backend="llvm-cpu",
        vector_bits=bits,
        cores=1 << int(rng.integers(7)),
        l1=(32, 48, 64)[int(rng.integers(3))] << 10,
        l2=256 << 10 << int(rng.integers(4)),
        l3=8 << 20 << int(rng.integers(5)),
        features=_FEATURES[bits],
    )


def rows(corpus: Path, count: int, seed: int) -> Iterator[dict[str, object]]:
    """One row per workload, `count` schedules over all rows in even shares."""
    entries, host = read_for_host(corpus)
    share = -(-count // len(entries))
    shown = track(entries, "drawing schedules", console=Console(stderr=True))
    for place, entry in enumerate(shown):
        workload = Workload.from_json(entry.workload)
        rng = np.random.default_rng((seed, place))
        target = host if rng.random() < 0.5 else any_cpu(rng)
        yield {
            "workload": json.loads(entry.workload),
            "target": json.loads(target.to_json()),
            "schedules": schedules(registry.task(workload, target), share, rng),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw distinct legal schedules for a corpus, half of its workloads for this machine."""
    parser = argparse.ArgumentParser(prog="tlm-mlir unmeasured", description=main.__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    found = rows(options.corpus, options.count, options.seed)
    workloads = write_lines(options.out, found, preset=1)
    print(f"schedules of {workloads} workloads in {options.out}")
    return 0
