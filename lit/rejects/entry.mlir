// RUN: not %apply %S/../matmul.mlir --script %s --emit=scheduled 2>&1 | FileCheck %s

// CHECK: error: the script holds no sequence @__kernel_config; write it anew
// CHECK-NOT: lowering_config

module attributes {transform.with_named_sequence} {
  transform.named_sequence @other(%f: !transform.any_op {transform.readonly}) {
    transform.yield
  }
}
