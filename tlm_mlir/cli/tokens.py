# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir tokens`: what the model reads and answers."""

from __future__ import annotations

import argparse

from .arguments import Commands, add_command, add_target, options_of


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "show each decision as the model reads it, and what it answers"
    add_target(add_command(commands, "tokens", run, text))


def run(options: argparse.Namespace) -> None:
    """Prints a paragraph for each decision."""
    from ..compiler.driver import plan

    result = plan(options.module, options_of(options))
    for outcome in (outcome for some in result.outcomes.values() for outcome in some):
        site, why = outcome.site, f" ({outcome.reason})" if outcome.reason else ""
        print(f"{site.point} {site.name}: {outcome.outcome}{why}")
        if site.workload:
            print(f"  workload {site.workload.digest}")
        if site.task:
            print(f"  prompt   {' '.join(site.task.prompt_tokens)}")
        if outcome.text:
            print(f"  schedule {outcome.text}")
