// RUN: %apply %s --emit=config | FileCheck %s
// RUN: %apply %s --emit=script > %t.script.mlir
// RUN: FileCheck %s --input-file=%t.script.mlir --check-prefix=SCRIPT
// RUN: %apply %s --emit=config > %t.ours
// RUN: %stock %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %apply %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// RUN: FileCheck %s --input-file=%t.stock.mlir --check-prefix=SLICED
// SCHEDULE: first_dispatch_1 pipeline:tile peel:no @vector 7 1 16 @reduce 4 @distribute 64 n0 n0 cache:no order:plain <end>
// SCHEDULE: first_dispatch_2 pipeline:tile peel:no @vector 32 8 @reduce 4 @distribute n0 n0 cache:no order:plain <end>
// SCHEDULE: second_dispatch_1 pipeline:tile peel:no @vector 4 1 8 @reduce 8 @distribute n0 n0 n0 cache:no order:plain <end>

// A strided 1x1 convolution reads its input through a slice before it is tiled, since IREE does not
// vectorize a contraction over every second element. (IREE makes the slice by itself where nothing
// else reads the input.) Two of them, and another dispatch between.

// CHECK: first_dispatch_1{{.*}}: {{.*}}pipeline<DoubleTilingExpert>>
// CHECK: distribution = [64, 0, 0, 0], vector_common_parallel = [16, 1, 7, 0], vector_reduction = [0, 0, 0, 4]>
// CHECK: first_dispatch_2{{.*}}: {{.*}}pipeline<DoubleTilingExpert>>
// CHECK: second_dispatch_1{{.*}}: {{.*}}pipeline<DoubleTilingExpert>>
// CHECK: vector_common_parallel = [8, 1, 4, 0], vector_reduction = [0, 0, 0, 8]>

// SCRIPT: transform.include @slice_strided failures(propagate)
// SCRIPT: transform.named_sequence @slice_strided
// SCRIPT-NEXT: transform.apply_registered_pass "iree-global-opt-convert-strided-contraction-to-contraction"
// SLICED: tensor.extract_slice {{.*}} [32, 7, 7] [1, 2, 2]
// SLICED: tensor.extract_slice {{.*}} [16, 4, 4] [1, 3, 3]

func.func @first(%x: tensor<1x32x14x14xf32>, %f: tensor<128x32x1x1xf32>, %w: tensor<16x32x1x1xf32>) -> (tensor<1x128x7x7xf32>, tensor<1x16x14x14xf32>) {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<1x32x14x14xf32>
  %a = linalg.elementwise <exp> ins(%x : tensor<1x32x14x14xf32>) outs(%e0 : tensor<1x32x14x14xf32>) -> tensor<1x32x14x14xf32>
  %e1 = tensor.empty() : tensor<1x128x7x7xf32>
  %fill1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x128x7x7xf32>) -> tensor<1x128x7x7xf32>
  %r = linalg.conv_2d_nchw_fchw {strides = dense<2> : vector<2xi64>} ins(%a, %f : tensor<1x32x14x14xf32>, tensor<128x32x1x1xf32>)
      outs(%fill1 : tensor<1x128x7x7xf32>) -> tensor<1x128x7x7xf32>
  %e2 = tensor.empty() : tensor<1x16x14x14xf32>
  %fill2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<1x16x14x14xf32>) -> tensor<1x16x14x14xf32>
  %s = linalg.conv_2d_nchw_fchw ins(%a, %w : tensor<1x32x14x14xf32>, tensor<16x32x1x1xf32>)
      outs(%fill2 : tensor<1x16x14x14xf32>) -> tensor<1x16x14x14xf32>
  return %r, %s : tensor<1x128x7x7xf32>, tensor<1x16x14x14xf32>
}

func.func @second(%x: tensor<1x16x12x12xf32>, %f: tensor<64x16x1x1xf32>, %w: tensor<16x16x1x1xf32>) -> (tensor<1x64x4x4xf32>, tensor<1x16x12x12xf32>) {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<1x16x12x12xf32>
  %a = linalg.elementwise <exp> ins(%x : tensor<1x16x12x12xf32>) outs(%e0 : tensor<1x16x12x12xf32>) -> tensor<1x16x12x12xf32>
  %e1 = tensor.empty() : tensor<1x64x4x4xf32>
  %fill1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x64x4x4xf32>) -> tensor<1x64x4x4xf32>
  %r = linalg.conv_2d_nchw_fchw {strides = dense<3> : vector<2xi64>} ins(%a, %f : tensor<1x16x12x12xf32>, tensor<64x16x1x1xf32>)
      outs(%fill1 : tensor<1x64x4x4xf32>) -> tensor<1x64x4x4xf32>
  %e2 = tensor.empty() : tensor<1x16x12x12xf32>
  %fill2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<1x16x12x12xf32>) -> tensor<1x16x12x12xf32>
  %s = linalg.conv_2d_nchw_fchw ins(%a, %w : tensor<1x16x12x12xf32>, tensor<16x16x1x1xf32>)
      outs(%fill2 : tensor<1x16x12x12xf32>) -> tensor<1x16x12x12xf32>
  return %r, %s : tensor<1x64x4x4xf32>, tensor<1x16x12x12xf32>
}
