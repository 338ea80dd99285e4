// RUN: %apply %s --emit=workload | FileCheck %s --check-prefix=READ
// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: conv pipeline:conv peel:no @vector 32 4 @reduce 1 3 @distribute 7 n0 n0 <end>

// IREE drops the unit batch of a convolution when it forms dispatches and puts it back later; what is
// read and configured is the op with its batch. The outer window loop and the rows it slides over
// are lowered one by one, which is no choice.

// READ: extents [1, 14, 14, 32, 3, 3, 8]
// READ-NEXT: root generic [d0:parallel d1:parallel d2:parallel d3:parallel d4:reduction d5:reduction d6:reduction] mulf(a0,a1); addf(a2,v0); yield(v1)

// CHECK: main_dispatch_0_conv_14x14x32x3x3x8_f32: {{.*}}pipeline<ConvTileAndDecomposeExpert>>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [0, 7, 0, 0, 0, 0, 0], vector_common_parallel = [1, 1, 4, 32, 0, 0, 0], vector_reduction = [0, 0, 0, 0, 1, 3, 1]>

func.func @main(%a: tensor<1x16x16x8xf32>, %f: tensor<3x3x8x32xf32>) -> tensor<1x14x14x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x14x14x32xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x14x14x32xf32>) -> tensor<1x14x14x32xf32>
  %r = linalg.conv_2d_nhwc_hwcf ins(%a, %f : tensor<1x16x16x8xf32>, tensor<3x3x8x32xf32>)
      outs(%fill : tensor<1x14x14x32xf32>) -> tensor<1x14x14x32xf32>
  return %r : tensor<1x14x14x32xf32>
}
