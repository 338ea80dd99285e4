# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir bench`: stock IREE against ours on one module."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import MeasureError
from ..files import check_writable, regular, write_text
from .arguments import Commands, add_command, add_target, console_of, options_of


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "compare stock IREE with ours: values, interleaved timings, compile times"
    command = add_command(commands, "bench", run, text)
    add_target(command)
    command.add_argument("--parameters", action="append", default=[], metavar="SCOPE=FILE")
    command.add_argument("--function", default="", help="which to call (main)")
    text = "an input as iree-run-module takes it: 4x8xf32, 4x8xf32=0.5, 7, @values.npy (repeatable)"
    command.add_argument("--input", action="append", default=[], metavar="INPUT", help=text)
    command.add_argument("--rounds", type=int, default=20, help="interleaved calls of each program")
    command.add_argument(
        "--baseline-arg",
        action="append",
        default=[],
        metavar="FLAG[;;FLAG...]",
        help="one more stock row with these flags (repeatable; ';;' between flags)",
    )
    command.add_argument("--report-out", type=Path, metavar="F.json")


def run(options: argparse.Namespace) -> None:
    """Prints the table. Raises MeasureError when the program of ours is off."""
    from ..bench.bench import bench
    from ..bench.table import print_bench

    check_writable([options.report_out])
    with regular(options.module) as module:
        result = bench(
            module,
            options_of(options),
            baselines=[tuple(text.split(";;")) for text in options.baseline_arg],
            inputs=options.input,
            parameters=options.parameters,
            function=options.function,
            rounds=options.rounds,
        )
    print_bench(result, console_of(options))
    if options.report_out:
        write_text(options.report_out, result.to_json() + "\n")
    if result.ours.status != "ok":
        raise MeasureError(f"{options.module} by tlm-mlir: {result.ours.status}; see above")
