// RUN: %transform %s | FileCheck %s

module attributes {transform.with_named_sequence} {
  // CHECK: func.func @kernel() attributes {nvvm.minctasm = 1 : i32}
  func.func @kernel() {
    return
  }

  transform.named_sequence private @annotate_residents(!transform.any_op {transform.readonly}, !transform.any_param {transform.readonly})
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %function = transform.structured.match ops{["func.func"]} in %module : (!transform.any_op) -> !transform.any_op
    %count = transform.param.constant 1 : i32 -> !transform.any_param
    transform.include @annotate_residents failures(propagate) (%function, %count) : (!transform.any_op, !transform.any_param) -> ()
    transform.yield
  }
}
