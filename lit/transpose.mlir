// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: transpose pipeline:tile peel:no @vector 16 16 @distribute 24 n0 cache:no order:chosen d1 d0 <end>

// CHECK: main_dispatch_0_transpose_48x100_f32: {{.*}}pipeline<DoubleTilingExpert>>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [24, 0], vector_common_parallel = {sizes = [16, 16], interchange = [1, 0]}, vector_reduction = [0, 0]>

func.func @main(%x: tensor<48x100xf32>) -> tensor<100x48xf32> {
  %empty = tensor.empty() : tensor<100x48xf32>
  %r = linalg.transpose ins(%x : tensor<48x100xf32>) outs(%empty : tensor<100x48xf32>) permutation = [1, 0]
  return %r : tensor<100x48xf32>
}
