# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Is any program slower than with stock IREE?

    python benchmarks/cases.py --out benchmarks/results/zen4/cases.json
    python benchmarks/cases.py FILE.mlir FOLDER ... --rounds 15

Compiles the cases of tests/cases (or any .mlir files) by stock `iree-compile` and by tlm-mlir,
compares values, times both in turn, and prints stock's time over ours for each. Exit status 1 where
one is below 0.9x.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tlm_mlir.bench.suite import programs_in, progress, report_suite, run_suite
from tlm_mlir.compiler.options import Options

CASES = Path(__file__).resolve().parents[1] / "tests" / "cases"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, default=[CASES])
    parser.add_argument("--rounds", type=int, default=15, help="samples of each program")
    parser.add_argument("--again", type=int, default=2, help="repeats of one that falls behind")
    parser.add_argument("--cpu", default="host")
    parser.add_argument("--out", type=Path, help="JSON of all figures")
    arguments = parser.parse_args()
    programs = programs_in(arguments.paths)
    options = Options(cpu=arguments.cpu)
    ratios = run_suite(programs, options, arguments.rounds, arguments.again)
    return report_suite(progress(ratios, len(programs)), arguments.out)


if __name__ == "__main__":
    raise SystemExit(main())
