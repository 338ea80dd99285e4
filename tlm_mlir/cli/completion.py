# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir completion`: a script with which a shell completes commands, options and files."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from ..errors import InputError
from .arguments import Commands, add_command

SHELLS = ("bash", "zsh", "tcsh")
"""What shtab knows."""


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "print a script with which a shell completes commands, options and files"
    command = add_command(commands, "completion", run, text)
    command.add_argument("shell", choices=SHELLS)


def run(options: argparse.Namespace) -> None:
    """Prints the script. Raises InputError where the extra that makes it is not installed."""
    if find_spec("shtab") is None:
        raise InputError("completion needs shtab; install it by `pip install tlm-mlir[completion]`")
    import shtab

    print(shtab.complete(options.whole, shell=options.shell))
