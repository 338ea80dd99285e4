# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Build hook: puts the released checkpoint, its compiled steps and the MLIR library into wheels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGED = {
    "model/checkpoint": "tlm_mlir/_model",
    "model/steps": "tlm_mlir/_steps",
    "passes": "tlm_mlir/_passes",
}
"""Folders of the tree, and where `tlm_mlir.model.checkpoint.default_dir`, `tlm_mlir.model.prebuilt`
and `tlm_mlir.iree.library.folder` look first."""


class PackageDataHook(BuildHookInterface[Any]):
    """Includes the folders of PACKAGED. An editable install reads them from the tree instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a build; `version` is "standard" or "editable"."""
        if version == "editable":
            return
        for folder, packaged in PACKAGED.items():
            path = Path(self.root) / folder
            if not path.is_dir():
                raise FileNotFoundError(f"{path} does not exist; check the tree out again")
            build_data["force_include"][str(path)] = packaged
