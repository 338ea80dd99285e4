// Copyright 2026 The tlm-mlir Authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tells IREE by which pipeline a dispatch is lowered. IREE chooses nothing itself from then on.
//
// before: func.func @dispatch()
// after:  func.func @dispatch() attributes {translation_info = #iree_codegen.translation_info<pipeline = ...>}
//
// %function: a dispatch's function; its ops are configured by @annotate_op.
// %info: the value, a `translation_info` attribute.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @annotate_function(%function: !transform.any_op {transform.readonly}, %info: !transform.any_param {transform.readonly}) {
    transform.annotate %function "translation_info" = %info : !transform.any_op, !transform.any_param
    transform.yield
  }
}
