# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Passes that IREE has registered and tlm-mlir runs, each with the C++ file that it was read in.

Paths are below IREE's compiler/src/iree/compiler.
"""

TYPE_PROPAGATION = "iree-codegen-type-propagation"
"""Codegen/Common/TypePropagation.cpp: element types that no target stores become wider ones."""
BUBBLE_UP_ORDINALS = "iree-codegen-bubble-up-ordinal-ops"
"""Codegen/Common/BubbleUpOrdinalOps.cpp: workload ordinals move up to where they are loaded."""
BUFFERIZE_COPIES = "iree-codegen-bufferize-copy-only-dispatches"
"""Codegen/Common/BufferizeCopyOnlyDispatches.cpp: dispatches that copy alone get buffers."""
DECOMPOSE_SOFTMAX = "iree-codegen-decompose-softmax"
"""Codegen/Common/DecomposeSoftmax.cpp: a softmax becomes a maximum, a sum and a quotient."""
ONLINE_ATTENTION = "iree-linalg-ext-convert-attention-to-online-attention"
"""Dialect/LinalgExt/Transforms/TileAttention.cpp: attention gets its running maximum and sum."""
DECOMPOSE_ATTENTION = "iree-linalg-ext-decompose-attention"
"""Dialect/LinalgExt/Transforms/DecomposeAttention.cpp: online attention becomes structured ops."""
INSERT_BATCH_DIM = "iree-codegen-insert-batch-dim-for-batchless-conv"
"""Codegen/Common/InsertBatchDimForBatchlessConv.cpp: a convolution without a batch gets one."""
GENERALIZE_NAMED_OPS = "iree-codegen-gpu-generalize-named-ops"
"""Codegen/Common/GPU/GPUGeneralizeNamedOps.cpp: named contractions become generics."""
SPECIALIZE_EXPORTS = "iree-codegen-specialize-exports"
"""Codegen/Common/SpecializeExports.cpp: a function for each range that an op is annotated with."""
CHANNELS_LAST = "iree-preprocessing-convert-conv-to-channels-last"
"""Preprocessing/Common/ConvertConvToChannelsLast.cpp: NCHW convolutions become NHWC ones."""

HOIST_INTO_GLOBALS = "iree-util-hoist-into-globals"
"""Dialect/Util/Transforms/HoistIntoGlobals.cpp: what depends on constants alone runs at load."""
CANONICALIZE = "canonicalize"
"""mlir/lib/Transforms/Canonicalizer.cpp: ops become simpler ones of the same meaning."""
CSE = "cse"
"""mlir/lib/Transforms/CSE.cpp: equal ops without side effects become one."""

_COMMON = (
    TYPE_PROPAGATION,
    BUBBLE_UP_ORDINALS,
    BUFFERIZE_COPIES,
    DECOMPOSE_SOFTMAX,
    ONLINE_ATTENTION,
)
CPU_NORMALIZATION = (*_COMMON, INSERT_BATCH_DIM)
GPU_NORMALIZATION = (GENERALIZE_NAMED_OPS, *_COMMON)
"""What IREE itself runs on a dispatch before it configures it (Codegen's Common, LLVMCPU, LLVMGPU
and SPIRV, each Passes.cpp), up to the batch dim of convolutions on CPUs, which it inserts later.
Run first, so that what is read is what the configuration will be attached to. Each leaves its own
output alone."""
