# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir explain`: every decision about a module, and why."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from ..errors import InputError
from ..files import check_writable, write_text
from .arguments import Commands, add_command, add_measure, add_target, options_of, tuner_of

REPORT = ".json"


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "tell of each decision: its share of the work, what IREE does, what is done, and why"
    command = add_command(commands, "explain", run, text)
    add_target(command, "IN", f"a module, or a report of `compile` ({REPORT}); - is standard input")
    add_measure(command)
    command.add_argument("--html", type=Path, metavar="F.html", help="a page with all of it")
    command.add_argument("--report-out", type=Path, metavar="F.json", help="all of it as JSON")


def run(options: argparse.Namespace) -> None:
    """Prints a paragraph for each decision, unless a page or a report goes to standard output."""
    from ..compiler.driver import plan
    from ..compiler.explain.explanation import Explanation
    from ..compiler.explain.text import WIDTH
    from ..compiler.report import Report
    from ..files import STANDARD

    outputs = [options.html, options.report_out]
    check_writable(outputs)
    tuner = tuner_of(options)
    if options.module.suffix == REPORT:
        if tuner is not None:
            raise InputError(
                f"{options.module} is a report, which has what was measured; leave out --measure,"
                " or give the module"
            )
        found = Explanation(Report.read(options.module))
    else:
        found = plan(options.module, options_of(options), tuner=tuner).explain()
    if options.html:
        write_text(options.html, found.html())
    if options.report_out:
        found.report.write(options.report_out)
    if STANDARD not in outputs:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
        print(found.text(width))
