# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Settings for all tests."""

import os

from hypothesis import settings

# No deadline: the machine may be busy. The same examples every time where a verdict is wanted.
settings.register_profile("tlm", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tlm")
