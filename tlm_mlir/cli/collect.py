# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir collect`: measured schedules for a database."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..files import check_writable
from .arguments import Commands, add_command, add_model

if TYPE_CHECKING:
    from ..measure.database import Database


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "measure schedules of corpus workloads into a database (resumable)"
    command = add_command(commands, "collect", run, text)
    command.add_argument("--corpus", type=Path, metavar="F.jsonl.xz", help="what to measure")
    command.add_argument("--database", type=Path, required=True, metavar="F.db")
    text = "take records measured elsewhere: exported ones, or those of a bundle's runner"
    command.add_argument(
        "--import", type=Path, action="append", default=[], dest="merge", metavar="F", help=text
    )
    command.add_argument("--round", type=int, default=0, help="0 searches, later ones ask")
    command.add_argument("--batches", type=int, default=1, help="batches of ten per workload")
    text = "no more than these, always the same ones"
    command.add_argument("--workloads", type=int, metavar="N", help=text)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument(
        "--max-flops", type=float, default=1.2e9, help="skip larger contractions, others at a tenth"
    )
    command.add_argument("--export", type=Path, metavar="F.jsonl.xz", help="write all records")
    command.add_argument("--proposer", choices=("search", "random", "model"), default="search")
    add_model(command)


def run(options: argparse.Namespace) -> None:
    """Measures and merges, and exports all records where asked."""
    from ..measure.database import Database

    if options.workloads is not None and options.workloads < 1:
        raise InputError(f"--workloads {options.workloads} leaves nothing; give 1 or more")
    if not options.corpus and not options.merge:
        raise InputError("collect has nothing to do; give --corpus to measure or --import to merge")
    check_writable([options.export])
    with Database(options.database) as database:
        written = sum(database.merge(path) for path in options.merge)
        if options.corpus:
            written += _measure(options, database)
        note = f"{written} records written, {len(database)} in {options.database}"
        print(note, file=sys.stderr)
        if options.export:
            database.export(options.export)


def _measure(options: argparse.Namespace, database: Database) -> int:
    from ..training.corpus.entries import read_for_host
    from ..training.records import collect

    entries, target = read_for_host(options.corpus)
    chosen = collect.affordable(entries, options.max_flops)[: options.workloads]
    propose = collect.proposer(options.proposer, database, options.seed, options.model)
    return collect.collect(
        chosen, target, database, propose, round_=options.round, batches=options.batches
    )
