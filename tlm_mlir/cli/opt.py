# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir opt`: what schedules that are written by hand do to a module. No model is asked."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..compiler.emits import EMITS
from .arguments import Commands, add_command, add_target, options_of


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "show what schedules written by hand do to a module; no model is asked"
    command = add_command(commands, "opt", run, text)
    add_target(command)
    command.add_argument(
        "--schedule",
        action="append",
        default=[],
        metavar="[NAME] TOKENS",
        help="for dispatches with NAME in their names, or all (repeatable); the module may hold"
        " others as comments `// SCHEDULE: NAME TOKENS`",
    )
    command.add_argument("--script", type=Path, metavar="F.mlir", help="in place of schedules")
    command.add_argument(
        "--emit",
        choices=EMITS,
        default="config",
        help="; ".join(f"{name}: {what}" for name, what in EMITS.items()),
    )


def run(options: argparse.Namespace) -> None:
    """Prints what was asked for."""
    from ..compiler.written import emitted

    lines = emitted(
        options.module,
        options_of(options),
        options.emit,
        schedules=options.schedule,
        script=options.script,
    )
    for line in lines:
        print(line)
