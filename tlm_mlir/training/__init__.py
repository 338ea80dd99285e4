# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Learning: networks, corpus, training, export. The only place where torch is imported."""
