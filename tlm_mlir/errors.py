# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors of tlm-mlir. Each message is one sentence: the input, what is wrong, what to do."""


class TlmError(Exception):
    """Root of all errors that tlm-mlir raises on purpose."""


class InputError(TlmError):
    """A file, a module or an argument that cannot be used."""


class TargetError(TlmError):
    """An unknown target, CPU or architecture."""


class CheckpointError(TlmError):
    """A model checkpoint that is missing, damaged or of another vocabulary."""


class CompileError(TlmError):
    """IREE refused a module."""


class WorkError(TlmError):
    """A workload whose work is not known before it runs."""


class MeasureError(TlmError):
    """A candidate, a device or a compiler for measuring that cannot be used."""


class RecordError(TlmError):
    """A database or file of records that cannot be read or written."""
