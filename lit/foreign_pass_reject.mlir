// RUN: not %apply %S/matmul.mlir --script %s --emit=scheduled 2>&1 | FileCheck %s

// A script may run the passes that schedules need, no other registered one.

// CHECK: error: the script runs the pass symbol-dce; only iree-codegen-insert-batch-dim-for-batchless-conv and iree-global-opt-convert-strided-contraction-to-contraction may run
// CHECK-NOT: lowering_config

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__kernel_config(%f: !transform.any_op {transform.consumed}) {
    %g = transform.apply_registered_pass "symbol-dce" to %f : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}
