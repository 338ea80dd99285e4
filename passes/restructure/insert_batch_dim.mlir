// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gives convolutions the batch dim that IREE folded, as its pipelines for CPUs expect it. IREE does so
// by itself after it has configured them, which loses the configuration
// (Codegen/Common/InsertBatchDimForBatchlessConv.cpp).
//
// before: linalg.generic {6 loops: h, w, f, kh, kw, c} ins(%image, %filter : tensor<16x16x8xf32>, ...)
// after:  linalg.generic {7 loops: n, h, w, f, kh, kw, c} ins(%image, %filter : tensor<1x16x16x8xf32>, ...)
//
// %function: dispatch functions. Results are handles to them. Functions without such an op stay as
// they are.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @insert_batch_dim(%function: !transform.any_op {transform.consumed}) -> !transform.any_op {
    %same = transform.apply_registered_pass "iree-codegen-insert-batch-dim-for-batchless-conv" to %function : (!transform.any_op) -> !transform.any_op
    transform.yield %same : !transform.any_op
  }
}
