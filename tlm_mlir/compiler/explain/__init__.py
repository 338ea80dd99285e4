# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Explaining what was decided: loops in words, shares of the work, text and a page of HTML."""
