// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the strided operand of a contraction through a slice, after which it is tiled and vectorized
// like any other (GlobalOptimization/ConvertStridedContractionToContraction.cpp). IREE does so by
// itself where nothing else reads the operand.
//
// before: linalg.generic {map (f, h, w, c) -> (c, h * 2, w * 2)} ins(%x : tensor<32x14x14xf32>, ...)
// after:  %s = tensor.extract_slice %x[0, 0, 0] [32, 7, 7] [1, 2, 2]
//         linalg.generic {map (f, h, w, c) -> (c, h, w)} ins(%s : tensor<32x7x7xf32>, ...)
//
// %function: dispatch functions. Results are handles to them.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @slice_strided(%function: !transform.any_op {transform.consumed}) -> !transform.any_op {
    %same = transform.apply_registered_pass "iree-global-opt-convert-strided-contraction-to-contraction" to %function : (!transform.any_op) -> !transform.any_op
    transform.yield %same : !transform.any_op
  }
}
