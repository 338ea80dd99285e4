# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir script`: the schedules as a transform library for stock `iree-compile`."""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import OUT, Commands, add_command, add_target, options_of
from .interrupt import ends_at_once


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "write the schedules as a transform library for stock iree-compile"
    command = add_command(commands, "script", run, text)
    add_target(command)
    command.add_argument(
        "--from",
        type=Path,
        dest="saved",
        metavar="F.mlir",
        help="the schedules of another script, by what dispatches compute, in place of the model's",
    )
    command.add_argument("-o", "--output", type=Path, required=True, metavar="F.mlir", help=OUT)


def run(options: argparse.Namespace) -> None:
    """Writes the script."""
    from ..compiler.driver import write_script
    from ..policy.saved import SavedSchedules

    saved = SavedSchedules.load(options.saved) if options.saved else None
    with ends_at_once(lambda: None):
        write_script(options.module, options.output, options_of(options), saved)
