# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiling: IREE sessions and phases, scripts, the schedule pass, fallback."""
