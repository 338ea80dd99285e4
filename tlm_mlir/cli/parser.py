# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The parser of all commands."""

from __future__ import annotations

import argparse

from . import bench, bundle, collect, compile, eval, iree_compile, script, stages, tokens

COMMANDS = (compile, iree_compile, script, tokens, bench, eval, collect, bundle, stages)
"""In the order in which `--help` lists them. Each has `add`, which says what it takes."""


def make_parser() -> argparse.ArgumentParser:
    """A parser whose result has the command to call as `run`."""
    parser = argparse.ArgumentParser(prog="tlm-mlir", description="Schedules for IREE by a model.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
