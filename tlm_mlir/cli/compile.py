# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir compile`: a module to a .vmfb, with the schedules that the model writes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..compiler.clock import START, Clock
from ..errors import InputError
from ..files import STANDARD, STANDARD_INPUT, check_writable, shown
from .arguments import (
    OUT,
    Commands,
    add_command,
    add_measure,
    add_target,
    options_of,
    tuner_of,
)
from .interrupt import ends_at_once
from .progress import status_line


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "compile", run, "compile a module with the model's schedules")
    add_target(command)
    command.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.vmfb", help=OUT)
    command.add_argument("--script-out", type=Path, metavar="F.mlir", help="keep the script")
    text = "schedules from a script in place of the model's, saved or edited"
    command.add_argument("--script", type=Path, metavar="F.mlir", help=text)
    add_measure(command)
    command.add_argument("--report-out", type=Path, metavar="F.json", help="what was done, and why")
    text = "compile it anew, and keep nothing in the user's cache"
    command.add_argument("--no-cache", action="store_true", help=text)
    command.add_argument("--json", action="store_true", help="print the report")
    said = command.add_mutually_exclusive_group()
    said.add_argument("-q", "--quiet", action="store_true", help="say nothing but warnings")
    text = "tell of each decision that is not what IREE does by itself"
    said.add_argument("-v", "--verbose", action="store_true", help=text)


def run(options: argparse.Namespace) -> None:
    """Compiles the module, writes what was asked for, and says in a line what was done."""
    if options.script and options.measure is not None:
        raise InputError("--measure has nothing to choose beside --script; leave one of them out")
    if options.script and options.script_out:
        raise InputError("--script-out keeps what the model writes; leave it out beside --script")
    printed = STANDARD if options.json else None
    check_writable([options.output, options.script_out, options.report_out, printed])
    clock = Clock()
    name = Path(shown(options.module, STANDARD_INPUT)).name
    with status_line(clock, name) as stop, ends_at_once(stop):
        with clock.timed(START):
            from ..compiler.results import compile_or_find
            from ..compiler.summary import details, summary
            tuner = tuner_of(options)
        report = compile_or_find(
            options.module,
            options.output,
            options_of(options),
            script_out=options.script_out,
            report_out=options.report_out,
            clock=clock,
            script=options.script,
            tuner=tuner,
            cache=not options.no_cache,
        )
    if options.json:
        print(report.to_json())
    for line in details(report) if options.verbose else ():
        print(line, file=sys.stderr)
    if not options.quiet:
        print(summary(report, shown(options.output)), file=sys.stderr)
