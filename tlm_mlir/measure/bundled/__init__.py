# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a bundle brings along to be measured: `runner.main`, with Python, numpy and
iree-base-runtime alone. It imports nothing else of this project.
"""
