# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is decided: the model writes schedules, a cost model or an estimate compares them."""
