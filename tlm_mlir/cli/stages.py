# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The stages of learning as commands, each of which reads its own arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ..training.stages import STAGES, Stage
from .arguments import Commands


def add(commands: Commands) -> None:
    """Adds a command for each stage."""
    for stage in STAGES:
        # No character begins an option here: the stage's own parser reads them all.
        command = commands.add_parser(
            stage.name, help=stage.text, add_help=False, prefix_chars="\0"
        )
        command.add_argument("rest", nargs=argparse.REMAINDER)
        command.set_defaults(run=_runs(stage))


def _runs(stage: Stage) -> Callable[[argparse.Namespace], int | None]:
    return lambda options: stage.run(options.rest)
