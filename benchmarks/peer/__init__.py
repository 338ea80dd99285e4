# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `benchmarks/peers.py` is made of: networks in every form, a worker a side, a table."""
