# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Build hook: puts the released checkpoint into wheels as package data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CHECKPOINT = "model/checkpoint"
PACKAGED = "tlm_mlir/_model"
"""Where `tlm_mlir.model.checkpoint.default_dir` looks first."""


class CheckpointHook(BuildHookInterface[Any]):
    """Includes `model/checkpoint`. An editable install reads it from the tree instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a build; `version` is "standard" or "editable"."""
        if version == "editable":
            return
        checkpoint = Path(self.root) / CHECKPOINT
        if not checkpoint.is_dir():
            raise FileNotFoundError(f"{checkpoint} does not exist; run `make model` first")
        build_data["force_include"][str(checkpoint)] = PACKAGED
