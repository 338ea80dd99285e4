// RUN: %transform %s | FileCheck %s

module attributes {transform.with_named_sequence} {
  // CHECK: #[[INFO:.*]] = #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>, {enable_loop_peeling}>
  // CHECK: func.func @one() attributes {translation_info = #[[INFO]]}
  func.func @one() {
    return
  }
  // CHECK: func.func @other() {
  func.func @other() {
    return
  }

  transform.named_sequence private @annotate_function(!transform.any_op {transform.readonly}, !transform.any_param {transform.readonly})
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %function = transform.structured.match ops{["func.func"]} attributes{sym_name = "one"} in %module : (!transform.any_op) -> !transform.any_op
    %info = transform.param.constant #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>, {enable_loop_peeling}> -> !transform.any_param
    transform.include @annotate_function failures(propagate) (%function, %info) : (!transform.any_op, !transform.any_param) -> ()
    transform.yield
  }
}
