# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir compile`: a module to a .vmfb, with the schedules that the model writes."""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import OUT, Commands, add_command, add_target, options_of


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "compile", run, "compile a module with the model's schedules")
    add_target(command)
    command.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.vmfb", help=OUT)
    command.add_argument("--script-out", type=Path, metavar="F.mlir", help="keep the script")
    command.add_argument("--report-out", type=Path, metavar="F.json", help="what was done, and why")


def run(options: argparse.Namespace) -> None:
    """Compiles the module and writes what was asked for."""
    from ..compiler.driver import compile_file

    compile_file(
        options.module,
        options.output,
        options_of(options),
        script_out=options.script_out,
        report_out=options.report_out,
    )
