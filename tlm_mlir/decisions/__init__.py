# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decision points in program order: the layout of convolutions, packing, the dispatch.

A decision point is one file: what it finds at which phase, what may be decided, how it is applied.
`walk.py` stops at each. To add one, write the file and put it in its place in `points.py`.
"""
