# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ops and types of IREE's dialects, by which things are found in its IR.

Names of upstream MLIR's ops (`linalg.generic`, `func.func`) are not IREE's and stand where they are
used.
"""

FUNCTION = "util.func"
"""A function of a program, from the phase `input` on."""
INITIALIZER = "util.initializer"
"""What runs once, when a program loads."""
GLOBAL = "util.global"
GLOBAL_LOAD = "util.global.load"
GLOBAL_STORE = "util.global.store"
ASSUME_INT = "util.assume.int"
"""Tells what divides a value and bounds it; undefined behaviour where that is not so."""

CONSTANT = "flow.tensor.constant"
REGION = "flow.dispatch.region"
"""What becomes one dispatch as it is."""
REGION_RETURN = "flow.return"

DISPATCH = "stream.cmd.dispatch"
"""The host's command that launches a dispatch."""

EXECUTABLE = "hal.executable"
VARIANT = "hal.executable.variant"
"""An executable's code for one target."""
EXPORT = "hal.executable.export"
SUBSPAN = "hal.interface.binding.subspan"
"""An operand of a dispatch: a part of a buffer that the host binds."""
CONSTANT_LOAD = "hal.interface.constant.load"
"""A number that the host passes to a dispatch: a buffer's offset or a dynamic size."""
TENSOR_IMPORT = "hal.tensor.import"
TENSOR_TIE = "flow.tensor.tie_shape"
BARRIER_START = "iree_tensor_ext.compute_barrier.start"
ORDINAL = "iree_tensor_ext.dispatch.workload.ordinal"
"""A number that the workgroup count of a dispatch depends on: a dynamic size."""
TENSOR_ALIAS = "hal.tensor.alias"
BUFFER_VIEW = "!hal.buffer_view"
FENCE = "!hal.fence"

TENSOR_LOAD = "iree_tensor_ext.dispatch.tensor.load"
TENSOR_STORE = "iree_tensor_ext.dispatch.tensor.store"
READ_AND_WRITTEN = "dispatch.tensor<readwrite:"
"""In the type of an operand that a dispatch computes in place."""

LINALG_EXT = "iree_linalg_ext."
"""What the names of IREE's own structured ops begin with."""
ATTENTION = "iree_linalg_ext.attention"
"""Attention in a program."""
ONLINE_ATTENTION = "iree_linalg_ext.online_attention"
"""Attention in a dispatch that is ready for its configuration."""
GATHER = "iree_linalg_ext.gather"
SCATTER = "iree_linalg_ext.scatter"
SCAN = "iree_linalg_ext.scan"
TOPK = "iree_linalg_ext.topk"
ENCODING = "iree_encoding."
"""What the names of ops begin with that change a tensor's layout in memory."""
