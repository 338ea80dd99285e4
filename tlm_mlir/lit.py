# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A configuration of lit for tests of schedules: what `lit.cfg.py` needs is two lines.

    import tlm_mlir.lit
    tlm_mlir.lit.configure(config, __file__)

Tests are .mlir files with RUN lines. Needs the packages lit and filecheck.

    // RUN: tlm-opt %s --cpu x86-64-v3 --schedule '32 columns ...' --emit=config | FileCheck %s

| in RUN lines | is |
| --- | --- |
| `tlm-mlir` | the command of this Python |
| `tlm-opt` | `tlm-mlir opt`: schedules written by hand, with no model |
| `iree-compile`, `iree-opt` | those of this Python |
| `FileCheck` | `filecheck`, the one in Python |
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

TOOLS = {"iree-compile": "iree-compile", "iree-opt": "iree-opt", "FileCheck": "filecheck"}
"""Words of RUN lines, and the programs beside this Python that they stand for."""
ALONE = r"(?<![\w/.-])%s(?![\w.-])"
"""A word that is no part of a path or of another word."""


def configure(config: Any, file: str | Path, *, output: str | Path | None = None) -> None:
    """Sets a `TestingConfig` up for the tests beside `file`, which is the `lit.cfg.py`.

    `output` is where tests write, `build/lit` beside the folder of the tests unless given.
    """
    import lit.formats

    here = Path(file).resolve().parent
    # Not resolved: in a virtual environment `python` is a link, and its neighbours are wanted.
    programs = Path(sys.executable).parent
    command = f"{sys.executable} -m tlm_mlir.cli"
    config.name = here.name
    config.test_format = lit.formats.ShTest(execute_external=False)
    config.suffixes = [".mlir"]
    config.excludes = ["Inputs"]
    config.test_source_root = str(here)
    config.test_exec_root = str(output or here.parent / "build" / "lit")
    config.substitutions += [
        (ALONE % "tlm-opt", f"{command} opt"),
        (ALONE % "tlm-mlir", command),
        *((ALONE % word, str(programs / name)) for word, name in TOOLS.items()),
    ]
