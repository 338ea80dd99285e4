# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs lists of passes of `passes/` on the dispatches of a program and prints the result.

    codegen.py IN.mlir --passes NAME...

IN.mlir says how ops are configured, by their names; a NAME is such as `codegen/cpu/tile`:

    // CONFIG: linalg.matmul #iree_cpu.lowering_config<...>

The target is x86-64-v3, so that the output is the same on every machine.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from iree.compiler import ir

from tlm_mlir.errors import TlmError
from tlm_mlir.iree import library
from tlm_mlir.iree.attributes import LOWERING
from tlm_mlir.iree.executables import functions_of, run_on_functions
from tlm_mlir.iree.flags import TRIPLE, cpu
from tlm_mlir.iree.module import walk
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.targets.dispatches import normalize

DIRECTIVE = "// CONFIG: "
FLAGS = (*cpu("x86-64-v3"), f"{TRIPLE}=x86_64-linux-gnu")


def configs(path: Path) -> dict[str, str]:
    """Text of the config of each op that a directive names."""
    found = {}
    for line in path.read_text().splitlines():
        if line.startswith(DIRECTIVE):
            name, _, text = line.removeprefix(DIRECTIVE).partition(" ")
            found[name] = text
    return found


def lowered(path: Path, lists: Sequence[str]) -> list[str]:
    """The text of each dispatch function after the passes."""
    session = Session(FLAGS)
    module = session.run(session.parse(path), None, SOURCES)
    normalize(module)
    wanted = configs(path)
    for function in functions_of(module):
        for operation in walk(function):
            if operation.name in wanted:
                attribute = ir.Attribute.parse(wanted[operation.name], session.context)
                operation.attributes[LOWERING] = attribute
    run_on_functions(module, [library.pass_list(name) for name in lists])
    return [str(function) for function in functions_of(module)]


def main() -> int:
    """Prints what was asked for; an error is one sentence on stderr and status 1."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--passes", nargs="+", required=True, metavar="NAME")
    options = parser.parse_args()
    try:
        print("\n".join(lowered(options.path, options.passes)))
    except TlmError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
