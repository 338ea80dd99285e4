# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The one room that knows the pinned compiler: sessions, phases, passes, flags, attributes."""
