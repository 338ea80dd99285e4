// RUN: %codegen %s --passes codegen/cpu/double_tiling > %t.whole
// RUN: %codegen %s --passes codegen/cpu/tile codegen/cpu/vectorize codegen/cpu/lower_vectors > %t.parts
// RUN: diff %t.whole %t.parts
// RUN: FileCheck %s --input-file=%t.whole
// CONFIG: linalg.matmul #iree_cpu.lowering_config<distribution = [32, 0, 0], cache_parallel = [16, 0, 0], vector_common_parallel = [4, 16, 0], vector_reduction = [0, 0, 4]>

// (That the list gives what IREE's own pipeline does is tested by tests/e2e/test_pass_lists.py.)

// CHECK-COUNT-16: vector.fma {{.*}} : vector<16xf32>

func.func @main(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %r = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  return %r : tensor<96x64xf32>
}
