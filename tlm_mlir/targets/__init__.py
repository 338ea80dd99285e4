# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets: one module per backend, holding its decision space and its way of writing scripts."""
