# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir eval`: the model on dispatches of networks that it never saw."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..files import check_writable, write_text
from .arguments import Commands, add_command, add_model, console_of


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "measure the model's schedules on dispatches of the held-out networks"
    command = add_command(commands, "eval", run, text)
    add_model(command)
    command.add_argument("--corpus", type=Path, required=True, metavar="F.jsonl.xz")
    command.add_argument("--reference", type=Path, metavar="F.jsonl.xz", help="random schedules")
    command.add_argument("--network", action="append", default=[], help="only these networks")
    command.add_argument("--share", type=float, help="only what `train --validation SHARE` leaves")
    command.add_argument("--margin", type=float, help="lead (log latency) to replace the default")
    command.add_argument("--report-out", type=Path, metavar="F.json")


def run(options: argparse.Namespace) -> None:
    """Measures, and prints a table for each network and kind."""
    from ..bench import held_out
    from ..policy.scheduler import Scheduler
    from ..training.corpus.entries import read_for_host
    from ..training.corpus.split import share

    check_writable([options.report_out])
    entries, target = read_for_host(options.corpus)
    if options.network:
        entries = [entry for entry in entries if entry.network in options.network]
    if options.share is not None:
        entries = [entry for entry in entries if share(entry.workload) < options.share]
    reference = held_out.reference_speedups(options.reference) if options.reference else {}
    scheduler = Scheduler(options.model)
    if options.margin is not None:
        scheduler.margin = options.margin
    rows = held_out.evaluate(entries, target, scheduler, reference, options.samples)
    held_out.print_rows(rows, console_of(options))
    if options.report_out:
        write_text(options.report_out, held_out.to_json(rows) + "\n")
