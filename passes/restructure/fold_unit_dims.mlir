// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes loops of one step and dims of size one out of structured ops, by slices that reduce the rank
// (MLIR's Linalg/Transforms/DropUnitDims.cpp).
//
// before: linalg.generic {loops n = 1, h, w} ins(%x : tensor<1x8x16xf32>)
// after:  %s = tensor.extract_slice %x[0, 0, 0] [1, 8, 16] [1, 1, 1] : ... to tensor<8x16xf32>
//         linalg.generic {loops h, w} ins(%s : tensor<8x16xf32>)
//
// %function: dispatch functions. Results are handles to them.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @fold_unit_dims(%function: !transform.any_op {transform.consumed}) -> !transform.any_op {
    %same = transform.apply_registered_pass "linalg-fold-unit-extent-dims" with options = { "use-rank-reducing-slices" = true } to %function : (!transform.any_op) -> !transform.any_op
    transform.yield %same : !transform.any_op
  }
}
