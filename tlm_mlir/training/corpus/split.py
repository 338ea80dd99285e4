# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which workloads validate: a share of them by hash, the same whatever learns."""

from __future__ import annotations

import hashlib


def share(text: str) -> float:
    """Where a workload, as JSON text, stands between 0 and 1: below the share it validates."""
    # Other than the workload's digest, by which a corpus is chosen.
    return int.from_bytes(hashlib.sha256(f"share {text}".encode()).digest()[:8], "big") / 2**64
