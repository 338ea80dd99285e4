// RUN: %codegen %s --passes codegen/cpu/tile codegen/cpu/vectorize | FileCheck %s
// CONFIG: linalg.matmul #iree_cpu.lowering_config<distribution = [32, 0, 0], cache_parallel = [16, 0, 0], vector_common_parallel = [4, 16, 0], vector_reduction = [0, 0, 4]>

// CHECK-LABEL: func.func @main_dispatch_0
// CHECK: scf.for {{.*}} = %c0{{.*}} to %c200{{.*}} step %c4{{.*}} -> (vector<4x16xf32>)
// CHECK-DAG: vector.transfer_read {{.*}} vector<4x4xf32>
// CHECK-DAG: vector.transfer_read {{.*}} vector<4x16xf32>
// CHECK: vector.contract {{.*}} : vector<4x4xf32>, vector<4x16xf32> into vector<4x16xf32>
// CHECK-NOT: linalg.matmul

func.func @main(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %r = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  return %r : tensor<96x64xf32>
}
