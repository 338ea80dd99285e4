# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The program `iree-compile` that the compiler's package brings along."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ..errors import InputError

_PACKAGE = "iree.compiler"
_PROGRAM = Path("_mlir_libs", "iree-compile")


def program() -> Path:
    """Where `iree-compile` is; IREE is not imported for that.

    Raises InputError where the package has lost it.
    """
    spec = find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _PROGRAM
        if path.is_file():
            return path
    raise InputError("iree-compile is not there; install iree-base-compiler again")
