# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Are programs of one op, which nobody had in mind, ever slower than with stock IREE?

    python benchmarks/one_op.py --count 100 --out benchmarks/results/zen4/one_op.json

Draws programs from a seed (`tlm_mlir.bench.one_op`), compiles each by stock `iree-compile` and by
tlm-mlir, compares values, times both in turn, and prints stock's time over ours for each. Exit
status 1 where one is below 0.9x.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tlm_mlir.bench.one_op import draw, write
from tlm_mlir.bench.suite import Program, progress, report_suite, run_suite
from tlm_mlir.compiler.options import Options


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=15, help="samples of each program")
    parser.add_argument("--again", type=int, default=2, help="repeats of one that falls behind")
    parser.add_argument("--cpu", default="host")
    parser.add_argument("--keep", type=Path, help="folder for the programs")
    parser.add_argument("--out", type=Path, help="JSON of all figures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tlm-one-op-") as name:
        folder = arguments.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        written = [write(program, folder) for program in draw(arguments.count, arguments.seed)]
        programs = [Program(path, parameters) for path, parameters in written]
        options = Options(cpu=arguments.cpu)
        ratios = run_suite(programs, options, arguments.rounds, arguments.again)
        return report_suite(progress(ratios, len(programs)), arguments.out)


if __name__ == "__main__":
    raise SystemExit(main())
