# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir check`: which functions of a module a script schedules."""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import Commands, add_command, add_target, options_of


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "tell which functions of a module the sequences of a script match; 1 if not all do"
    command = add_command(commands, "check", run, text)
    add_target(command)
    command.add_argument("--script", type=Path, required=True, metavar="F.mlir")


def run(options: argparse.Namespace) -> int:
    """Prints a line for each sequence, and how many match."""
    from ..compiler.checking import check_script_for

    found = check_script_for(options.module, options.script, options_of(options))
    print(found)
    return int(not found.whole)
