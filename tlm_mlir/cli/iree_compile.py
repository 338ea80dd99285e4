# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir iree-compile`, and `tlm-iree-compile`: the command line of stock `iree-compile`."""

from __future__ import annotations

import argparse

from .arguments import Commands
from .supervise import supervised

_NO_PREFIX = "\0"
"""Begins no argument, so that all of them are taken as they are."""


def add(commands: Commands) -> None:
    """Adds the command, which takes whatever `iree-compile` takes."""
    text = "compile with iree-compile's own command line, and the model's schedules"
    command = commands.add_parser(
        "iree-compile", help=text, add_help=False, prefix_chars=_NO_PREFIX
    )
    command.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS")
    # Stock takes this process over; a signal that ends it is for the caller to see.
    command.set_defaults(run=run, supervised=False)


def run(options: argparse.Namespace) -> int:
    """Compiles, and returns the status that `iree-compile` ends with."""
    from ..frontends.drop_in import run as compile_as_stock

    return compile_as_stock(options.arguments, supervised)
