// RUN: not %apply %S/../matmul.mlir --script %s --emit=scheduled 2>&1 | FileCheck %s

// A script runs no registered pass itself; the sequences of `passes/` do.

// CHECK: error: the script holds transform.apply_registered_pass, which schedules are not made of
// CHECK-NOT: lowering_config

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__kernel_config(%f: !transform.any_op {transform.consumed}) {
    %g = transform.apply_registered_pass "symbol-dce" to %f : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}
