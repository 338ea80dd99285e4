// RUN: %apply %S/../Inputs/two.mlir --emit=workload | FileCheck %s

// Dispatches are told of in program order.

// CHECK: first_dispatch_0_matmul_96x64x200_f32: extents [96, 64, 200]
// CHECK: second_dispatch_0_matmul_48x32x100_f32: extents [48, 32, 100]
