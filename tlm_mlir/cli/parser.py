# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The parser of all commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import (
    bench,
    bundle,
    check,
    collect,
    compile,
    completion,
    doctor,
    eval,
    explain,
    iree_compile,
    opt,
    script,
    stages,
    tokens,
)
from .arguments import Commands
from .given import IREE_ARG, rewritten
from .version import Version

COMMANDS = (
    *(compile, iree_compile, explain, script, check, opt, tokens, bench),
    *(eval, collect, bundle, doctor, completion, stages),
)
"""In the order in which `--help` lists them. Each has `add`, which says what it takes."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What a command line says, this process's own unless given; IREE's flags are welcome where a
    command hands them on (`given.rewritten`). Ends the process over a line that is wrong."""
    parser, commands = _made()
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = commands.choices.get(words[0]) if words else None
    if command is not None and IREE_ARG in command.format_usage():
        words[1:] = rewritten(command, words[1:])
    return parser.parse_args(words)


def make_parser() -> argparse.ArgumentParser:
    """A parser whose result has the command to call as `run`, and the parser itself as `whole`."""
    return _made()[0]


def _made() -> tuple[argparse.ArgumentParser, Commands]:
    parser = argparse.ArgumentParser(prog="tlm-mlir", description="Schedules for IREE by a model.")
    text = "show the versions of tlm-mlir, its model, IREE and Python, and exit"
    parser.add_argument("--version", action=Version, nargs=0, help=text)
    parser.set_defaults(whole=parser)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser, commands
