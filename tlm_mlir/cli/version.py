# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir --version`: all that a report of a fault should name."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from typing import Any

from .. import __version__
from ..errors import CheckpointError


class Version(argparse.Action):
    """Prints the versions and ends the command, as argparse's own action does."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Called where the option stands."""
        print(versions())
        parser.exit()


def versions() -> str:
    """The versions of the package, IREE and Python, and the identity of the model."""
    from ..iree.release import installed_iree

    python = f"Python {platform.python_version()}"
    return f"tlm-mlir {__version__}, {_model()}, IREE {installed_iree()}, {python}"


def _model() -> str:
    from ..model.checkpoint import load

    try:
        return f"model {load().identity}"
    except CheckpointError as error:
        return f"no model ({error})"
