# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measuring: candidates are built in batches, timed, checked against IREE's default, and recorded.

`builder` compiles, `timer` runs and times, `oracle` decides on the values, `runner` drives them
in processes that may crash, `database` keeps what was measured. Knows nothing of the language or
the model: a candidate is a piece of text that a named function turns into a schedule.
"""
