# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir tokens`: what the model reads and answers."""

from __future__ import annotations

import argparse

from .arguments import Commands, add_command, add_target, options_of


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "show each dispatch as the model reads it, and what it answers"
    add_target(add_command(commands, "tokens", run, text))


def run(options: argparse.Namespace) -> None:
    """Prints a paragraph for each dispatch."""
    from ..compiler.driver import plan
    from ..targets.registry import task

    result = plan(options.module, options_of(options))
    assert result.target is not None
    for dispatch, row in zip(result.dispatches, result.report.dispatches, strict=True):
        print(f"{dispatch.name}: {row.outcome}{f' ({row.reason})' if row.reason else ''}")
        if workload := dispatch.reading.workload:
            print(f"  workload {workload.digest}")
            print(f"  prompt   {' '.join(task(workload, result.target).prompt_tokens)}")
        if row.schedule:
            print(f"  schedule {row.schedule}")
