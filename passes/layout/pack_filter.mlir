// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packs the filter of a convolution alone, into panels of 8, 16 or 32 channels of the result, for a
// direct convolution: the innermost loop reads whole vectors of them in order
// (codegen/cpu/direct_convolution.passlist). The pack becomes part of loading where it is
// a constant.
//
// before: linalg.conv_2d_nhwc_hwcf ins(%x, %f : tensor<1x58x58x64xf32>, tensor<3x3x64x64xf32>)
// after:  %p = linalg.pack %f outer_dims_perm = [3, 0, 1, 2] inner_dims_pos = [3] inner_tiles = [16] ... -> tensor<4x3x3x64x16xf32>
//         linalg.generic {loops n, h, w, f, b, kh, kw, c} ins(%x, %p) ... -> tensor<1x56x56x4x16xf32>
//         tensor.collapse_shape
//
// %op: one linalg.conv_2d_nhwc_hwcf of a program; the number of the result's channels is a multiple of
// the panel's.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @pack_filter_as_panels(%packed: !transform.op<"linalg.generic"> {transform.consumed}) {
    %filter = transform.get_producer_of_operand %packed[1] : (!transform.op<"linalg.generic">) -> !transform.op<"linalg.pack">
    %panels, %pack, %no = transform.structured.pack_transpose %filter with_compute_op(%packed) outer_perm = [3, 0, 1, 2] : (!transform.op<"linalg.pack">, !transform.op<"linalg.generic">) -> (!transform.op<"linalg.generic">, !transform.op<"linalg.pack">, !transform.any_op)
    // From n, h, w, f, kh, kw, c, b: the panel's channels follow the panels.
    %ordered = transform.structured.interchange %panels iterator_interchange = [0, 1, 2, 3, 7, 4, 5, 6] : (!transform.op<"linalg.generic">) -> !transform.op<"linalg.generic">
    transform.include @lower_packed_result failures(propagate) (%ordered) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence @pack_filter_8(%op: !transform.any_op {transform.consumed}) {
    %packed = transform.structured.pack %op packed_sizes = [0, 0, 0, 8, 0, 0, 0] : (!transform.any_op) -> !transform.op<"linalg.generic">
    transform.include @pack_filter_as_panels failures(propagate) (%packed) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence @pack_filter_16(%op: !transform.any_op {transform.consumed}) {
    %packed = transform.structured.pack %op packed_sizes = [0, 0, 0, 16, 0, 0, 0] : (!transform.any_op) -> !transform.op<"linalg.generic">
    transform.include @pack_filter_as_panels failures(propagate) (%packed) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence @pack_filter_32(%op: !transform.any_op {transform.consumed}) {
    %packed = transform.structured.pack %op packed_sizes = [0, 0, 0, 32, 0, 0, 0] : (!transform.any_op) -> !transform.op<"linalg.generic">
    transform.include @pack_filter_as_panels failures(propagate) (%packed) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }

  transform.named_sequence private @lower_packed_result(!transform.op<"linalg.generic"> {transform.readonly})
}
