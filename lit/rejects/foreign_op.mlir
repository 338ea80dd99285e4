// RUN: not %apply %S/../matmul.mlir --script %s --emit=scheduled 2>&1 | FileCheck %s

// A transform script is a program. One that rewrites code instead of annotating it is refused.

// CHECK: error: the script holds transform.structured.tile_using_for, which schedules are not made of
// CHECK-NOT: lowering_config

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__kernel_config(%f: !transform.any_op {transform.consumed}) {
    %m = transform.structured.match ops{["linalg.matmul"]} in %f : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_for %m tile_sizes [8] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
