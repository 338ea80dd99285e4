// RUN: not %apply %S/../matmul.mlir --script %s --emit=scheduled 2>&1 | FileCheck %s

// A sequence that is called as one of `passes/` is that one, to the letter.

// CHECK: error: the script's @slice_strided is not that of passes/restructure/slice_strided.mlir; write it anew
// CHECK-NOT: lowering_config

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__kernel_config(%f: !transform.any_op {transform.consumed}) {
    %g = transform.include @slice_strided failures(propagate) (%f) : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
  transform.named_sequence @slice_strided(%f: !transform.any_op {transform.consumed}) -> !transform.any_op {
    %g = transform.apply_registered_pass "symbol-dce" to %f : (!transform.any_op) -> !transform.any_op
    transform.yield %g : !transform.any_op
  }
}
