# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of random programs of one op (`training/corpus/drawn_programs.py`), to be compiled and run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from iree import runtime

from ..files import aside
from ..training.corpus.drawn_programs import SCOPE, WEIGHTS, OneOp
from .elements import element_of


def write(program: OneOp, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Writes a program and its parameter; the path, and `--parameters` for it."""
    path = folder / f"{program.name}.mlir"
    path.write_text(program.text)
    if program.weights is None:
        return path, ()
    shape, dtype = program.weights
    drawn = np.random.default_rng(0).standard_normal(shape, np.float32)
    element = element_of(dtype)
    values = element.encode(drawn if element.is_float else np.rint(2 * drawn))
    index = runtime.ParameterIndex()
    index.add_buffer(WEIGHTS, values)
    archive = path.with_suffix(".irpa")
    with aside(archive) as place:
        index.create_archive_file(str(place))
    return path, (f"{SCOPE}={archive}",)
