// RUN: %apply %s --emit=workload | FileCheck %s --check-prefix=READ
// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: attention pipeline:ext @vector 32 8 1 @reduce 8 @distribute 1 32 n0 <end>

// The op is read in its online form, with the division by the sum behind it. The head's own loop (32
// here) stays whole.

// READ: extents [4, 64, 32, 32, 48]
// READ-NEXT: root attention [d0:parallel d1:parallel d2:parallel d3:reduction d4:reduction]
// READ-NEXT: op generic [d0:parallel d1:parallel d2:parallel] constant(); divf(v0,a0); mulf(a1,v1)

// CHECK: main_dispatch_0_attention_4x64x32x32x48: {{.*}}pipeline<LinalgExtTileAndVectorize>>
// CHECK-NEXT: iree_linalg_ext.online_attention: #iree_cpu.lowering_config<distribution = [1, 32, 0, 0, 0], vector_common_parallel = [1, 8, 32, 0, 0], vector_reduction = [0, 0, 0, 32, 8]>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<vector_common_parallel = [1, 8, 32], vector_reduction = [0, 0, 0]>

func.func @main(%q: tensor<4x64x32xf32>, %k: tensor<4x48x32xf32>, %v: tensor<4x48x32xf32>) -> tensor<4x64x32xf32> {
  %scale = arith.constant 0.17 : f32
  %empty = tensor.empty() : tensor<4x64x32xf32>
  %r = iree_linalg_ext.attention <{indexing_maps = [affine_map<(b, m, n, k1, k2) -> (b, m, k1)>, affine_map<(b, m, n, k1, k2) -> (b, k2, k1)>, affine_map<(b, m, n, k1, k2) -> (b, k2, n)>, affine_map<(b, m, n, k1, k2) -> ()>, affine_map<(b, m, n, k1, k2) -> (b, m, n)>]}>
    ins(%q, %k, %v, %scale : tensor<4x64x32xf32>, tensor<4x48x32xf32>, tensor<4x48x32xf32>, f32) outs(%empty : tensor<4x64x32xf32>) {
  ^bb0(%s: f32):
    iree_linalg_ext.yield %s : f32
  } -> tensor<4x64x32xf32>
  return %r : tensor<4x64x32xf32>
}
