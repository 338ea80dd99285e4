// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packs the weights of a matmul alone, into panels of 8, 16 or 32 columns: the innermost loop then reads
// whole vectors of them in order. The pack becomes part of loading where weights are constants. The
// rest of the program sees the result as it was.
//
// before: linalg.matmul ins(%x, %w : tensor<128x768xf32>, tensor<768x64xf32>)
// after:  %p = linalg.pack %w outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [16] ... -> tensor<4x768x16xf32>
//         linalg.generic {(m, n, k, b) -> (m, k), (n, k, b), (m, n, b)} ins(%x, %p) ... -> tensor<128x4x16xf32>
//         tensor.collapse_shape
//
// %op: one matmul of a program; the number of columns is a multiple of the panel's. @pack_weights_* take
// weights of rows of columns (K x N), @pack_transposed_weights_* columns of rows (N x K).

module attributes {transform.with_named_sequence} {
  transform.named_sequence @pack_weights_as_panels(%packed: !transform.op<"linalg.generic"> {transform.consumed}) {
    %weights = transform.get_producer_of_operand %packed[1] : (!transform.op<"linalg.generic">) -> !transform.op<"linalg.pack">
    %panels, %pack, %no = transform.structured.pack_transpose %weights with_compute_op(%packed) outer_perm = [1, 0] : (!transform.op<"linalg.pack">, !transform.op<"linalg.generic">) -> (!transform.op<"linalg.generic">, !transform.op<"linalg.pack">, !transform.any_op)
    transform.include @lower_packed_result failures(propagate) (%panels) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence @pack_weights_8(%op: !transform.any_op {transform.consumed}) {
    %packed = transform.structured.pack %op packed_sizes = [0, 8, 0] : (!transform.any_op) -> !transform.op<"linalg.generic">
    transform.include @pack_weights_as_panels failures(propagate) (%packed) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence @pack_weights_16(%op: !transform.any_op {transform.consumed}) {
    %packed = transform.structured.pack %op packed_sizes = [0, 16, 0] : (!transform.any_op) -> !transform.op<"linalg.generic">
    transform.include @pack_weights_as_panels failures(propagate) (%packed) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence @pack_weights_32(%op: !transform.any_op {transform.consumed}) {
    %packed = transform.structured.pack %op packed_sizes = [0, 32, 0] : (!transform.any_op) -> !transform.op<"linalg.generic">
    transform.include @pack_weights_as_panels failures(propagate) (%packed) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence @pack_transposed_weights_8(%op: !transform.any_op {transform.consumed}) {
    %packed = transform.structured.pack %op packed_sizes = [0, 8, 0] : (!transform.any_op) -> !transform.op<"linalg.generic">
    transform.include @lower_packed_result failures(propagate) (%packed) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence @pack_transposed_weights_16(%op: !transform.any_op {transform.consumed}) {
    %packed = transform.structured.pack %op packed_sizes = [0, 16, 0] : (!transform.any_op) -> !transform.op<"linalg.generic">
    transform.include @lower_packed_result failures(propagate) (%packed) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence @pack_transposed_weights_32(%op: !transform.any_op {transform.consumed}) {
    %packed = transform.structured.pack %op packed_sizes = [0, 32, 0] : (!transform.any_op) -> !transform.op<"linalg.generic">
    transform.include @lower_packed_result failures(propagate) (%packed) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence private @lower_packed_result(!transform.op<"linalg.generic"> {transform.readonly})
}
