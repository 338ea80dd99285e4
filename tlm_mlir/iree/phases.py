# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IREE's compilation phases, by the names that `iree-compile --compile-to` takes.

Each constant names a phase, and its text says what is true of a module at the phase's end
(IREE's compiler/src/iree/compiler/Pipelines/Pipelines.h and Pipelines.cpp).
"""

ABI = "abi"
"""Functions have the types that the runtime passes; ops are those of the input."""
BEFORE_PREPROCESSING = (None, "start", "input", ABI)
"""The phases before `preprocessing`, None for the input as it is given."""
PREPROCESSING = "preprocessing"
"""A program is Linalg on tensors inside `util.func`; ops have their names; the device is known."""
GLOBAL_OPTIMIZATION = "global-optimization"
"""Constants are hoisted into initializers and transpositions moved; no dispatch is formed yet."""
SOURCES = "executable-sources"
"""Each dispatch is a `hal.executable` whose function holds structured ops; no lowering chosen."""
CONFIGURED = "executable-configurations"
"""IREE has chosen: functions carry `translation_info`, ops carry `lowering_config`."""
TRANSLATED = "executable-targets"
"""Executables are in the dialect of their target (LLVM, SPIR-V) and not yet linked."""
HAL = "hal"
"""Executables are linked, and the host program drives the device through HAL."""
