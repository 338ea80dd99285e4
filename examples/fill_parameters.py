# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a parameter file (.irpa) of random weights for a module that keeps its weights outside.

    python examples/fill_parameters.py IN.mlir OUT.irpa

Names, shapes and types come from the module's `#flow.parameter.named` globals; values depend only
on the names, so that every run and every machine gets the same file.
"""

from __future__ import annotations

import math
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from iree import runtime
from iree.compiler import ir

from tlm_mlir.files import aside

NAMED = re.compile(r'^#flow\.parameter\.named<(?:"[^"]*"::)?"([^"]*)"')
TENSOR = re.compile(r"^tensor<((?:\d+x)*)(\w+)>$")
DTYPES = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "i64": np.int64, "i32": np.int32}


def parameters(path: Path) -> Iterator[tuple[str, tuple[int, ...], np.dtype]]:
    """(name, shape, type) of each parameter of a module. Raises ValueError for an odd type."""
    with ir.Context():
        module = ir.Module.parse(path.read_text())
        for view in module.body.operations:
            operation = view.operation
            if operation.name != "util.global" or "initial_value" not in operation.attributes:
                continue
            named = NAMED.match(str(operation.attributes["initial_value"]))
            if not named:
                continue
            text = str(operation.attributes["type"])
            tensor = TENSOR.match(text)
            if not tensor or tensor[2] not in DTYPES:
                raise ValueError(f"{path}: parameter {named[1]} has the type {text}; only static"
                                 f" tensors of {', '.join(DTYPES)} can be made")
            shape = tuple(int(extent) for extent in tensor[1].split("x")[:-1])
            yield named[1], shape, np.dtype(DTYPES[tensor[2]])


def values(name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Random values that keep a network's activations finite and apart from one another."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if np.issubdtype(dtype, np.integer):
        return np.zeros(shape, dtype)
    if len(shape) > 1:
        made = rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]))
    elif name.endswith(("running_var", "weight")):
        # Variances must be positive, and a scale far from one would grow with the depth.
        made = rng.uniform(0.5, 1.5, shape)
    else:
        made = 0.1 * rng.standard_normal(shape)
    return made.astype(dtype)


def main() -> int:
    """Writes OUT.irpa aside and renames it."""
    source, out = map(Path, sys.argv[1:])
    index = runtime.ParameterIndex()
    total = 0
    for name, shape, dtype in parameters(source):
        made = values(name, shape, dtype)
        index.add_buffer(name, made)
        total += made.nbytes
    out.parent.mkdir(parents=True, exist_ok=True)
    with aside(out) as place:
        index.create_archive_file(str(place))
    print(f"{out}: {len(index)} parameters, {total / 2**20:.0f} MiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
