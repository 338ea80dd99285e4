# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Settings for all tests."""

import os

from hypothesis import settings

# No deadline: the machine may be busy. The same examples every time where a verdict is wanted.
# What is tested is compiled, unless a test is about the cache of finished compiles.
os.environ.setdefault("TLM_MLIR_NO_CACHE", "1")
settings.register_profile("tlm", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tlm")
