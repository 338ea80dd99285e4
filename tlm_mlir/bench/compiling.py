# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiling a module by stock `iree-compile` and by `tlm-mlir compile`, each as a user runs it.

Each compile is a process of its own: some of IREE's flags hold for a whole process, and a compiler
that ends its process must not end the benchmark.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..compiler.options import Options
from ..iree.invocation import first_line
from ..iree.session import iree_compile
from .runner import ending


@dataclass(frozen=True)
class Compiled:
    """One way to compile a module: the .vmfb, or why there is none."""

    name: str
    flags: tuple[str, ...]
    path: Path
    seconds: float
    reason: str = ""
    report: dict[str, Any] = field(default_factory=dict)


def compile_stock(
    name: str, source: Path, flags: Sequence[str], extra: Sequence[str], out: Path
) -> Compiled:
    """Compiles by `iree-compile` with `flags` for the target, and `extra` ones of this way."""
    start = time.perf_counter()
    result = iree_compile(str(source), [*flags, *extra, "-o", str(out)])
    seconds = time.perf_counter() - start
    return Compiled(name, tuple(extra), out, seconds, reason=why(result))


def compile_ours(source: Path, options: Options, out: Path) -> Compiled:
    """Compiles by `tlm-mlir compile`."""
    report = out.with_suffix(".json")
    command = [sys.executable, "-m", "tlm_mlir", "compile", *option_arguments(options), str(source)]
    command += ["-o", str(out), "--report-out", str(report)]
    start = time.perf_counter()
    result = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    found = json.loads(report.read_text()) if not result.returncode else {}
    return Compiled("tlm-mlir", (), out, seconds, reason=why(result), report=found)


def option_arguments(options: Options) -> list[str]:
    """The options as `tlm-mlir compile` takes them."""
    found = ["--cpu", options.cpu, "--cores", str(options.cores)]
    if options.target:
        found += ["--target", options.target]
    if options.triple:
        found += ["--triple", options.triple]
    if options.caches:
        found += ["--caches", ",".join(map(str, options.caches))]
    if options.arch:
        found += ["--arch", options.arch]
    found += ["=".join(("--iree-arg", flag)) for flag in options.iree_args]
    if options.model:
        found += ["--model", str(options.model)]
    if options.samples is not None:
        found += ["--samples", str(options.samples)]
    if not options.graph:
        found.append("--no-graph")
    return found


def why(result: subprocess.CompletedProcess[str]) -> str:
    """Why a compile failed, in a line; nothing where it did not."""
    if not result.returncode:
        return ""
    lines = [line.strip() for line in result.stderr.splitlines()]
    errors = [line for line in lines if "error:" in line or "Unknown command line" in line]
    if errors:
        return first_line(errors[0].removeprefix("tlm-mlir: error: "))
    return f"the compiler ended its process ({ending(result.returncode)})"
