// RUN: %apply %s --emit=workload | FileCheck %s --check-prefix=READ
// RUN: not %apply %s --emit=script 2>&1 | FileCheck %s
// SCHEDULE: dispatch_0 pipeline:tile peel:no @vector 1 @distribute n0 cache:no <end>

// A dynamic extent leaves nothing to decide.

// READ: extents [-1]
// CHECK: error: main_dispatch_0_elementwise_D_f32 has a dynamic shape; it cannot be scheduled

func.func @main(%a: tensor<?xf32>, %b: tensor<?xf32>) -> tensor<?xf32> {
  %r = arith.addf %a, %b : tensor<?xf32>
  return %r : tensor<?xf32>
}
