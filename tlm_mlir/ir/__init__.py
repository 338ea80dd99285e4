# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading IREE's IR: dispatches and the canonical workloads that they compute."""
