# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Corpus: tables of networks, their export, and their dispatches as workloads."""
