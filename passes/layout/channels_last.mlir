// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gives a convolution of NCHW images NHWC operands and an HWCF filter, transposed before and after.
// IREE folds the dims of size one, and moves the transpositions or makes them when a program loads.
// Its own pass takes whole programs (Preprocessing/Common/ConvertConvToChannelsLast.cpp); this takes
// the op that it is given.
//
// before: linalg.conv_2d_nchw_fchw ins(%x, %f : tensor<2x16x58x30xf32>, tensor<32x16x3x3xf32>)
// after:  %y = linalg.transpose ... : tensor<2x58x30x16x1xf32>
//         %g = linalg.transpose ... : tensor<3x3x16x32x1x1xf32>
//         linalg.generic {loops n, h, w, f, kh, kw, c, 1, 1} ins(%y, %g) outs(... : tensor<2x28x14x32x1xf32>)
//         linalg.transpose ... back
//
// %convolution: one linalg.conv_2d_nchw_fchw of a program.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @channels_last(%convolution: !transform.any_op {transform.consumed}) {
    %generic = transform.structured.generalize %convolution : (!transform.any_op) -> !transform.any_op
    // From n, f, h, w, c, kh, kw to n, h, w, f, kh, kw, c.
    %ordered = transform.structured.interchange %generic iterator_interchange = [0, 2, 3, 1, 5, 6, 4] : (!transform.any_op) -> !transform.any_op
    // Packing by one changes nothing, and what is packed can be transposed with its op.
    %packed = transform.structured.pack %ordered packed_sizes = [0, 0, 0, 1, 0, 0, 1] : (!transform.any_op) -> !transform.op<"linalg.generic">
    %image = transform.get_producer_of_operand %packed[0] : (!transform.op<"linalg.generic">) -> !transform.op<"linalg.pack">
    %1, %image_nhwc, %no1 = transform.structured.pack_transpose %image with_compute_op(%packed) outer_perm = [0, 2, 3, 1] : (!transform.op<"linalg.pack">, !transform.op<"linalg.generic">) -> (!transform.op<"linalg.generic">, !transform.op<"linalg.pack">, !transform.any_op)
    %filter = transform.get_producer_of_operand %1[1] : (!transform.op<"linalg.generic">) -> !transform.op<"linalg.pack">
    %2, %filter_hwcf, %no2 = transform.structured.pack_transpose %filter with_compute_op(%1) outer_perm = [2, 3, 1, 0] : (!transform.op<"linalg.pack">, !transform.op<"linalg.generic">) -> (!transform.op<"linalg.generic">, !transform.op<"linalg.pack">, !transform.any_op)
    %result = transform.get_consumers_of_result %2[0] : (!transform.op<"linalg.generic">) -> !transform.op<"linalg.unpack">
    %3, %start_nhwc, %result_nhwc = transform.structured.pack_transpose %result with_compute_op(%2) outer_perm = [0, 2, 3, 1] : (!transform.op<"linalg.unpack">, !transform.op<"linalg.generic">) -> (!transform.op<"linalg.generic">, !transform.op<"linalg.pack">, !transform.op<"linalg.unpack">)
    %p0, %e0, %t0 = transform.structured.lower_pack %image_nhwc : (!transform.op<"linalg.pack">) -> (!transform.op<"tensor.pad">, !transform.op<"tensor.expand_shape">, !transform.op<"linalg.transpose">)
    %p1, %e1, %t1 = transform.structured.lower_pack %filter_hwcf : (!transform.op<"linalg.pack">) -> (!transform.op<"tensor.pad">, !transform.op<"tensor.expand_shape">, !transform.op<"linalg.transpose">)
    %p2, %e2, %t2 = transform.structured.lower_pack %start_nhwc : (!transform.op<"linalg.pack">) -> (!transform.op<"tensor.pad">, !transform.op<"tensor.expand_shape">, !transform.op<"linalg.transpose">)
    %e, %t, %c, %s, %y = transform.structured.lower_unpack %result_nhwc : (!transform.op<"linalg.unpack">) -> (!transform.op<"tensor.empty">, !transform.op<"linalg.transpose">, !transform.op<"tensor.collapse_shape">, !transform.op<"tensor.extract_slice">, !transform.op<"linalg.copy">)
    transform.yield
  }
}
