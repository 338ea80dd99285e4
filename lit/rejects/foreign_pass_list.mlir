// RUN: not %apply %S/../matmul.mlir --script %s --emit=scheduled 2>&1 | FileCheck %s

// A dispatch is lowered by a pipeline of IREE's own or a list of `passes/`, not by any passes.

// CHECK: error: the script lowers a dispatch by passes that are no list of passes/; write it anew
// CHECK-NOT: lowering_config

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__kernel_config(%f: !transform.any_op {transform.consumed}) {
    %info = transform.param.constant #iree_codegen.translation_info<pipeline = #iree_codegen.pass_pipeline<"symbol-dce">> -> !transform.any_param
    transform.include @annotate_function failures(propagate) (%f, %info) : (!transform.any_op, !transform.any_param) -> ()
    transform.yield
  }
  transform.named_sequence @annotate_function(%arg0: !transform.any_op {transform.readonly}, %arg1: !transform.any_param {transform.readonly}) {
    transform.annotate %arg0 "translation_info" = %arg1 : !transform.any_op, !transform.any_param
    transform.yield
  }
}
