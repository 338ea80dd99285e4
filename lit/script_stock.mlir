// RUN: %apply %s --emit=script > %t.script.mlir
// RUN: %apply %s --emit=config > %t.ours
// RUN: %stock %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %apply %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// RUN: FileCheck %s --input-file=%t.stock
// SCHEDULE: conv pipeline:conv peel:no @vector 32 4 @reduce 1 3 @distribute 7 n0 n0 <end>
// SCHEDULE: matmul pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute n0 n0 cache:no order:plain <end>

// Stock iree-compile with the script and the pass in this process settle on the same configurations.
// The last dispatch has no schedule and keeps IREE's default in both.

// CHECK: conv_dispatch_0{{.*}}: {{.*}}pipeline<ConvTileAndDecomposeExpert>>
// CHECK: vector_common_parallel = [1, 1, 4, 32, 0, 0, 0], vector_reduction = [0, 0, 0, 0, 1, 3, 1]>
// CHECK: matmul_dispatch_0{{.*}}: {{.*}}pipeline<DoubleTilingExpert>>
// CHECK: vector_common_parallel = [8, 32, 0], vector_reduction = [0, 0, 4]>
// CHECK: add_dispatch_0{{.*}}:

func.func @conv(%a: tensor<1x16x16x8xf32>, %f: tensor<3x3x8x32xf32>) -> tensor<1x14x14x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x14x14x32xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x14x14x32xf32>) -> tensor<1x14x14x32xf32>
  %r = linalg.conv_2d_nhwc_hwcf ins(%a, %f : tensor<1x16x16x8xf32>, tensor<3x3x8x32xf32>)
      outs(%fill : tensor<1x14x14x32xf32>) -> tensor<1x14x14x32xf32>
  return %r : tensor<1x14x14x32xf32>
}

func.func @matmul(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %r = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  return %r : tensor<96x64xf32>
}

func.func @add(%a: tensor<96x64xf32>, %b: tensor<96x64xf32>) -> tensor<96x64xf32> {
  %r = arith.addf %a, %b : tensor<96x64xf32>
  return %r : tensor<96x64xf32>
}
