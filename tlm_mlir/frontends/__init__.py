# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Thin doors to the compiler: the command line of `iree-compile`, and a filter of executables."""
