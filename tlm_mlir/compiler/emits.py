# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `tlm-mlir opt` may show."""

EMITS = {
    "workload": "what is read in each dispatch",
    "script": "the script of the schedules",
    "scheduled": "what the script sets",
    "config": "what IREE makes of it",
    "attributes": "what a module that is configured already holds",
}
"""Words that `compiler.written.emitted` takes."""
