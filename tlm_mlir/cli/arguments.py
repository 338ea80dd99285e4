# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..files import STANDARD

if TYPE_CHECKING:
    from rich.console import Console

    from ..compiler.options import Options

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What `add` of a command adds its parser to."""

OUT = "- is standard output"
"""Help for a path that is written."""


def add_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int | None], text: str
) -> argparse.ArgumentParser:
    """A parser for a command that `run` carries out; its status is 0 where that returns none."""
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    return command


def add_target(
    command: argparse.ArgumentParser,
    metavar: str = "IN.mlir",
    text: str = "- is standard input",
) -> None:
    """A module, and what it is compiled for."""
    command.add_argument("module", type=Path, metavar=metavar, help=text)
    command.add_argument("--target", default="llvm-cpu", help="llvm-cpu, cuda or vulkan")
    command.add_argument("--cpu", default="host", help="host, or a CPU that iree-compile knows")
    command.add_argument("--arch", default="", help="of a GPU: sm_90, ampere, ...")
    command.add_argument("--cores", type=int, default=0, help="threads that will run the program")
    command.add_argument(
        "--iree-arg", action="append", default=[], metavar="FLAG", help="a flag for iree-compile"
    )
    command.add_argument(
        "--no-graph", action="store_true", help="no layouts or data tiling, only dispatch schedules"
    )
    add_model(command)


def add_model(command: argparse.ArgumentParser) -> None:
    """The model that writes schedules, and how many."""
    command.add_argument("--model", type=Path, metavar="DIR", help="a checkpoint of your own")
    command.add_argument(
        "--samples",
        type=int,
        help="schedules drawn and compared besides the greedy one (0 for CPUs, 7 for GPUs)",
    )


def options_of(options: argparse.Namespace) -> Options:
    """How to compile, from what `add_target` has added."""
    from ..compiler.options import Options

    return Options(
        target=options.target,
        cpu=options.cpu,
        arch=options.arch,
        cores=options.cores,
        iree_args=tuple(options.iree_arg),
        model=options.model,
        samples=options.samples,
        graph=not options.no_graph,
    )


def console_of(options: argparse.Namespace) -> Console:
    """Where a table goes: beside a report on standard output, to standard error."""
    from rich.console import Console

    return Console(stderr=options.report_out == STANDARD)
