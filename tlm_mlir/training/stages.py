# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The stages of learning as commands of `tlm-mlir`: a name, its module, what it does.

A module is imported when its stage runs, and not before: some need the extra `train`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from ..errors import InputError


@dataclass(frozen=True)
class Stage:
    """A command: `module`, in this folder, has a `main` that takes its arguments."""

    name: str
    module: str
    text: str

    def run(self, arguments: Sequence[str]) -> int:
        """Runs it; returns the exit status. Raises InputError where a package is missing."""
        try:
            module = import_module(f"{__package__}.{self.module}")
            return int(module.main(arguments))
        except ImportError as error:
            if not error.name or error.name.startswith("tlm_mlir"):
                raise
            raise InputError(
                f"{self.name} needs {error.name}; install it with `pip install tlm-mlir[train]`"
            ) from error


STAGES = (
    Stage("export-networks", "corpus.export", "export networks of the corpus to MLIR, by torch"),
    Stage("make-corpus", "corpus.make", "take a corpus out of exported networks"),
    Stage("collect-graph", "records.collect_graph", "measure graph-level choices of networks"),
    Stage("records", "records.summary", "count what can be learned from files of records"),
    Stage("unmeasured", "records.unmeasured", "draw legal schedules that nobody measured"),
    Stage("distill", "records.distill", "search, without measuring, for what is to be learned"),
    Stage("panels", "records.panels", "write examples of products with packed weights"),
    Stage("written", "records.written", "ask a checkpoint, for the next one to keep its answers"),
    Stage("train", "fit.train", "train the generator on records"),
    Stage("cost-model", "fit.cost_model", "train the cost model of a checkpoint on records"),
    Stage("recipe", "recipe", "train the released model, stage by stage; resumes"),
    Stage("export-step", "fit.export_step", "export a model's forward step to MLIR"),
)
