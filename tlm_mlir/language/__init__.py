# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The token language: integers, vocabulary, prompts, schedules and the grammar that guards them."""
