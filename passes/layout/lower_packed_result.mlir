// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes reshapes of what packs and unpacks the result of an op, for one whose packed result has its
// elements in the order of the unpacked one: nothing is moved then.
//
// before: %p = linalg.pack %c inner_dims_pos = [1] inner_tiles = [16] : tensor<128x64xf32> -> tensor<128x4x16xf32>
//         %r = linalg.generic ... outs(%p)
//         linalg.unpack %r ...
// after:  %p = tensor.expand_shape %c [[0], [1, 2]] : tensor<128x64xf32> into tensor<128x4x16xf32>
//         %r = linalg.generic ... outs(%p)
//         tensor.collapse_shape %r ...
//
// %packed: an op with two inputs, its result packed; the tiles divide the dims.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @lower_packed_result(%packed: !transform.op<"linalg.generic"> {transform.readonly}) {
    %start = transform.get_producer_of_operand %packed[2] : (!transform.op<"linalg.generic">) -> !transform.op<"linalg.pack">
    %result = transform.get_consumers_of_result %packed[0] : (!transform.op<"linalg.generic">) -> !transform.op<"linalg.unpack">
    %p, %x, %t0 = transform.structured.lower_pack %start : (!transform.op<"linalg.pack">) -> (!transform.op<"tensor.pad">, !transform.op<"tensor.expand_shape">, !transform.op<"linalg.transpose">)
    %e, %t, %c, %s, %y = transform.structured.lower_unpack %result : (!transform.op<"linalg.unpack">) -> (!transform.op<"tensor.empty">, !transform.op<"linalg.transpose">, !transform.op<"tensor.collapse_shape">, !transform.op<"tensor.extract_slice">, !transform.op<"linalg.copy">)
    transform.yield
  }
}
