// RUN: %apply %S/Inputs/two.mlir --schedule 'second pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute 24 0 cache:no order:plain <end>' | FileCheck %s

// A schedule is for the dispatches that have its name in theirs. IREE configures the other one.

// CHECK: first_dispatch_0_matmul_96x64x200_f32: {{.*}}pipeline<DoubleTilingExpert>
// CHECK-NOT: vector_reduction = [0, 0, 4]
// CHECK: second_dispatch_0_matmul_48x32x100_f32: {{.*}}pipeline<DoubleTilingExpert>>
// CHECK-NEXT: linalg.matmul: #iree_cpu.lowering_config<distribution = [24, 0, 0], vector_common_parallel = [8, 32, 0], vector_reduction = [0, 0, 4]>
