# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llvm-cpu: CPUs, by LLVM. One file for each pipeline."""
