# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir doctor`: whether all that compiling needs is there."""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import Commands, add_command


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "check what compiling needs: IREE, the model, its cache, this CPU, a small compile"
    command = add_command(commands, "doctor", run, text)
    command.add_argument("--model", type=Path, metavar="DIR", help="a checkpoint of your own")


def run(options: argparse.Namespace) -> int:
    """Prints a line for each check; the status is 1 if anything is wrong."""
    from ..compiler.doctor import examine

    wrong = 0
    for finding in examine(options.model):
        wrong += finding.wrong
        print(
            f"{'WRONG' if finding.wrong else 'ok':5}  {finding.check:7}  {finding.text}", flush=True
        )
    return min(wrong, 1)
