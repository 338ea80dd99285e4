# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The schedule model where it is used: checkpoints, IREE step, generation. No torch."""
