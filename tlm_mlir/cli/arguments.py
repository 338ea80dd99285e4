# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arguments that several commands take."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..errors import InputError
from ..files import STANDARD

if TYPE_CHECKING:
    from rich.console import Console

    from ..compiler.options import Options
    from ..measure.tuning import Tuner

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What `add` of a command adds its parser to."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmg]?)(?:i?b)?")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
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
    text = "llvm-cpu, cuda or vulkan; hip, metal and vmvx without schedules"
    command.add_argument("--target", help=text)
    command.add_argument("--cpu", help="host, or a CPU that iree-compile knows")
    command.add_argument("--arch", default="", help="of a GPU: sm_90, ampere, ...")
    command.add_argument("--triple", default="", help="of another machine: aarch64-linux-gnu, ...")
    command.add_argument("--cores", type=int, default=0, help="threads that will run the program")
    text = "of another machine: L1 data, L2 and L3, such as 32k,1m,32m"
    command.add_argument("--caches", type=caches, metavar="SIZES", help=text)
    text = "a flag for iree-compile; flags of its own may also stand alone"
    command.add_argument("--iree-arg", action="append", default=[], metavar="FLAG", help=text)
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


def add_measure(command: argparse.ArgumentParser) -> None:
    """Whether dispatches are measured, and for how long."""
    text = "time the K best schedules of each dispatch here, and keep the fastest right one"
    command.add_argument("--measure", type=int, metavar="K", help=text)
    text = "for all of them together (120); what was begun then is finished"
    command.add_argument("--measure-limit", type=float, metavar="SECONDS", help=text)


def tuner_of(options: argparse.Namespace) -> Tuner | None:
    """What measures, from what `add_measure` has added; None where nothing does.

    Raises InputError for numbers that are not positive, and for a limit of nothing.
    """
    if options.measure is None:
        if options.measure_limit is not None:
            raise InputError("--measure-limit is for measuring; give --measure K, too")
        return None
    from ..measure.tuning import LIMIT, Tuner

    limit = LIMIT if options.measure_limit is None else options.measure_limit
    return Tuner(options.measure, limit)


def caches(text: str) -> tuple[int, int, int]:
    """The sizes in bytes that a text such as "32k,1m,32m" gives, zero for what it leaves out."""
    found = [_SIZE.fullmatch(part.strip().lower()) for part in text.split(",")]
    if len(found) > 3 or not all(found):
        raise argparse.ArgumentTypeError(
            f"'{text}' are no sizes of L1, L2 and L3; give them such as 32k,1m,32m"
        )
    sizes = [int(float(part[1]) * _UNITS[part[2]]) for part in found if part]
    l1, l2, l3 = (*sizes, 0, 0)[:3]
    return l1, l2, l3


def options_of(options: argparse.Namespace) -> Options:
    """How to compile, from what `add_target` has added."""
    from ..compiler.options import Options
    from .devices import Devices

    found = Devices.given(options, tuple(options.iree_arg))
    return Options(
        target=found.target,
        cpu=found.cpu,
        arch=found.arch,
        cores=options.cores,
        iree_args=found.flags,
        model=options.model,
        samples=options.samples,
        graph=not options.no_graph,
        triple=found.triple,
        caches=options.caches,
    )


def console_of(options: argparse.Namespace) -> Console:
    """Where a table goes: beside a report on standard output, to standard error."""
    from rich.console import Console

    return Console(stderr=options.report_out == STANDARD)
