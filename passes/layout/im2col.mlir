// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes matmuls of a program's convolutions: windows are gathered into a matrix, each a row of it
// (GlobalOptimization/ConvertConv2DToImg2Col.cpp). The pass takes all convolutions of a function, so
// those that are to stay are hidden from it first and shown again afterwards.
//
// before: linalg.conv_2d_nchw_fchw ins(%x, %f) ...
// after:  %windows = linalg.generic {h, w, kh, kw} ins(%x) ...
//         linalg.generic {a matmul} ins(%f', %windows) ...
//
// %convolutions: named convolutions of the program that are to stay.
// %program: the module. @show_convolutions results in a handle to those that were hidden, in program
// order; they have lost their attributes.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @hide_convolutions(%convolutions: !transform.any_op {transform.consumed}) {
    %generic = transform.structured.generalize %convolutions : (!transform.any_op) -> !transform.any_op
    transform.annotate %generic "tlm.hidden" : !transform.any_op
    transform.yield
  }

  transform.named_sequence @im2col(%program: !transform.any_op {transform.readonly}) {
    %functions = transform.structured.match ops{["util.func", "util.initializer"]} in %program : (!transform.any_op) -> !transform.any_op
    transform.apply_registered_pass "iree-global-opt-convert-conv2d-to-img2col" to %functions : (!transform.any_op) -> !transform.any_op
    transform.yield
  }

  transform.named_sequence @show_convolutions(%program: !transform.any_op {transform.readonly}) -> !transform.any_op {
    %hidden = transform.structured.match ops{["linalg.generic"]} attributes{tlm.hidden} in %program : (!transform.any_op) -> !transform.any_op
    %named = transform.structured.specialize %hidden : (!transform.any_op) -> !transform.any_op
    transform.yield %named : !transform.any_op
  }
}
