# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The release of IREE that this folder was written for."""

from importlib.metadata import version

RELEASE = "3.13.0"
"""What `pyproject.toml` pins. CONTRIBUTING.md tells how to move to another one."""


def installed_iree() -> str:
    """The version of the compiler that is installed, as records name it."""
    return version("iree-base-compiler")
