# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What GPU backends share: machines and matrix units as rows of tables, the estimate, features."""
