# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`python -m tlm_mlir` is the command `tlm-mlir`."""

from .cli import command

raise SystemExit(command())
