# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Benchmarks: whole programs against stock IREE, held-out dispatches, and their tables."""
