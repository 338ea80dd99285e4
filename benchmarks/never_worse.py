# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Is any program slower than with stock IREE, or does one fail that stock compiles?

    python benchmarks/never_worse.py --out never_worse.jsonl
    python benchmarks/never_worse.py --sets cases --cases FILE.mlir FOLDER
    python benchmarks/never_worse.py --sets one_op --count 20 --seed 7

Three sets: the programs of tests/cases, random programs of one op
(`tlm_mlir.training.corpus.drawn_programs`), and the networks of the corpus that validate (they are
exported first, which needs the extra `train`). Each program is compiled by stock `iree-compile`
with its defaults and by tlm-mlir, values are compared, and both are timed in turn. Prints the
geometric mean of each set, what is below 0.95x, and what fails; exit status 1 where there is
something of either. A run with `--out` that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tlm_mlir.bench.journal import Journal
from tlm_mlir.bench.one_op import write
from tlm_mlir.bench.suite import SECONDS, Files, Program, outcome_of, programs_in, run_suite
from tlm_mlir.bench.suite_report import progress, report_suite
from tlm_mlir.compiler.options import Options
from tlm_mlir.errors import MeasureError, TlmError
from tlm_mlir.measure.cores import first_cores
from tlm_mlir.model.checkpoint import default_dir
from tlm_mlir.targets.cpu.host import host_features
from tlm_mlir.training.corpus.drawn_programs import draw
from tlm_mlir.training.corpus.networks import TRAINING
from tlm_mlir.training.corpus.split import share

CASES = Path(__file__).resolve().parents[1] / "tests" / "cases"
SETS = ("cases", "one_op", "networks")
VALIDATION = 0.08
"""Share of the networks that validate, by a hash of their names."""


def programs(options: argparse.Namespace) -> Iterator[Program]:
    """The programs of all sets that are asked for."""
    if "cases" in options.sets:
        yield from programs_in(options.cases, "cases")
    if "one_op" in options.sets:
        for drawn in draw(options.count, options.seed):
            name = f"one_op/{options.seed}_{drawn.name}"
            yield Program(name, lambda folder, drawn=drawn: write(drawn, folder))
    if "networks" in options.sets:
        for name in TRAINING:
            if share(name) < VALIDATION:
                yield Program(f"networks/{name}", lambda _, name=name: network(name, options.nets))


def network(name: str, folder: Path) -> Files:
    """The files of a network, exported where they are not there yet."""
    source, weights = (folder / f"{name}.{ending}" for ending in ("mlir", "irpa"))
    if not (source.exists() and weights.exists()):
        command = [sys.executable, "-m", "tlm_mlir", "export-networks", "--weights", str(folder)]
        done = subprocess.run([*command, name], capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise MeasureError(f"{name} cannot be exported: {last}; it needs the extra `train`")
    return source, (f"model={weights}",)


def about(options: argparse.Namespace, cores: int) -> dict[str, object]:
    """What the figures of a run depend on, besides the sources."""
    manifest = (options.model or default_dir()) / "manifest.json"
    return {
        "cpu": options.cpu,
        "features": sorted(host_features()),
        "cores": cores,
        "seconds": options.seconds,
        "again": options.again,
        "model": hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else "",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--cases", nargs="+", type=Path, default=[CASES], metavar="PATH")
    parser.add_argument("--count", type=int, default=300, help="programs of one op")
    parser.add_argument("--seed", type=int, default=0, help="of the programs of one op")
    parser.add_argument("--only", default="", metavar="TEXT", help="a part of the programs' names")
    parser.add_argument("--nets", type=Path, default=Path("build/networks"), help="their folder")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of timing a program")
    parser.add_argument("--again", type=int, default=3, help="repeats of one that falls behind")
    parser.add_argument("--cpu", default="host")
    parser.add_argument("--cores", type=int, default=0, help="threads of a program; 0: all cores")
    parser.add_argument("--model", type=Path, help="a checkpoint's folder")
    parser.add_argument("--out", type=Path, help="JSON lines; what is there is not measured again")
    arguments = parser.parse_args()
    if arguments.cores:
        first_cores(arguments.cores)
    options = Options(cpu=arguments.cpu, cores=arguments.cores, model=arguments.model)
    asked = [program for program in programs(arguments) if arguments.only in program.name]
    journal = None
    outcomes = {}
    if arguments.out:
        journal = Journal(arguments.out, about(arguments, options.core_count()))
        outcomes = {row["name"]: outcome_of(row) for row in journal.read()}
    left = [program for program in asked if program.name not in outcomes]
    for outcome in run_suite(left, options, arguments.seconds, arguments.again):
        outcomes[outcome.name] = outcome
        if journal:
            journal.add([asdict(outcome)])
        progress(outcome, len(outcomes), len(asked))
    return report_suite([outcomes[program.name] for program in asked])


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except TlmError as error:
        print(f"never_worse: error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
