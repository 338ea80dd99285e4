// RUN: not tlm-opt %s --target vulkan --arch llvmpipe --emit=config 2>&1 | FileCheck %s
// SCHEDULE: main pipeline:vector @thread 8 7 @group 8 2 @reduce 4 <end>

// A tile that does not divide its loop is no schedule.

// CHECK: error: thread size 7 of dim 0 is none of (1, 2, 3, 4, 6, 8)

func.func @main(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %product = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  return %product : tensor<96x64xf32>
}
