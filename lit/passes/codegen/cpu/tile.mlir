// RUN: %codegen %s --passes codegen/cpu/tile | FileCheck %s
// CONFIG: linalg.matmul #iree_cpu.lowering_config<distribution = [32, 0, 0], cache_parallel = [16, 0, 0], vector_common_parallel = [4, 16, 0], vector_reduction = [0, 0, 4]>

// Workgroups of 32 rows, in them 16 for the cache, in these 4 rows by 16 columns, summed 4 at a time.

// CHECK-LABEL: func.func @main_dispatch_0
// CHECK: scf.forall (%{{.*}}) = (0) to (96) step (32)
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c32{{.*}} step %c16{{.*}}
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c16{{.*}} step %c4{{.*}}
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c64{{.*}} step %c16{{.*}}
// CHECK: linalg.fill {{.*}} -> tensor<4x16xf32>
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c200{{.*}} step %c4{{.*}}
// CHECK: linalg.matmul {{.*}} ins({{.*}} : tensor<4x4xf32>, tensor<4x16xf32>) outs({{.*}} : tensor<4x16xf32>)

func.func @main(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %r = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  return %r : tensor<96x64xf32>
}
