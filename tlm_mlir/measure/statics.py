# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is known of a GPU's kernel before it runs, and who tells."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..targets.target import GpuTarget

Statics = dict[str, int]
"""`registers` (32 bits) and `spilled` bytes of an invocation, `threads` and `shared` bytes of a
workgroup; and what else a compiler tells."""


class Assembler(Protocol):
    """A device's own compiler, for files of one kernel as IREE dumps them."""

    suffix: str

    def statics(self, path: Path, shared: int, target: GpuTarget) -> Statics:
        """What it tells of a file, whose workgroups have `shared` bytes by IREE's account.

        Raises CompileError when it refuses the kernel.
        """
