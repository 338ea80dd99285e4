# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Eager PyTorch against a compiled program of the same network, in one process, in turn.

    tlm-mlir export-networks --weights NETS resnet50
    tlm-mlir compile NETS/resnet50.mlir -o resnet50.vmfb
    python benchmarks/eager_torch.py resnet50 resnet50.vmfb NETS/resnet50.irpa

Needs the extra `train`. Prints both medians, their ratio and the largest relative difference of the
results; exits with 1 if they do not agree.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tlm_mlir.bench.agreement import TOLERANCE, relative_error
from tlm_mlir.bench.program import Program
from tlm_mlir.bench.values import value_of
from tlm_mlir.training.corpus.networks import HELD_OUT


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares one network."""
    import torch

    from tlm_mlir.training.corpus.build import build

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=sorted(HELD_OUT))
    parser.add_argument("program", type=Path)
    parser.add_argument("parameters", type=Path)
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args(arguments)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    module, inputs = build(HELD_OUT[given.network])
    program = Program(given.program, [f"model={given.parameters}"])
    uploaded = program.upload([value_of(tensor.numpy()) for tensor in inputs])
    seconds: tuple[list[float], list[float]] = ([], [])
    with torch.inference_mode():
        wanted = module(*inputs)
        error = relative_error(program.run(uploaded)[0].array(), wanted.numpy())
        for _ in range(given.rounds):
            start = time.perf_counter()
            module(*inputs)
            seconds[0].append(time.perf_counter() - start)
            seconds[1].append(program.time(uploaded))
    eager, ours = (1e3 * statistics.median(each) for each in seconds)
    print(
        f"{given.network}: eager torch {torch.__version__} {eager:.1f} ms, program {ours:.1f} ms,"
    )
    print(f"{eager / ours:.2f}x as fast as eager; values differ by {error:.1e}")
    return 0 if error <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
