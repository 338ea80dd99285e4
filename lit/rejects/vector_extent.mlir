// RUN: not %apply %s --emit=script 2>&1 | FileCheck %s
// SCHEDULE: matmul pipeline:tile peel:no @vector 65 8 @reduce 1 @distribute n0 n0 cache:no order:plain <end>

// The second loop has 64 iterations: a vector of 65 of them is outside of the grammar.

// CHECK: error: vector size 65 of dim 1 is outside of 1..64
// CHECK-NOT: named_sequence

func.func @main(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %r = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  return %r : tensor<96x64xf32>
}
