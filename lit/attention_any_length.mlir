// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: attention pipeline:ext @vector 16 4 1 @reduce 8 @distribute 2 32 n0 <end>

// Any number of queries and keys: they are tiled like any others, and what is left over is masked.

// CHECK: main_dispatch_0_attention_{{.*}}pipeline = #iree_cpu.pipeline<LinalgExtTileAndVectorize>
// CHECK: iree_linalg_ext.online_attention: #iree_cpu.lowering_config<distribution = [2, 32, 0, 0, 0], vector_common_parallel = [1, 4, 16, 0, 0], vector_reduction = [0, 0, 0, 64, 8]>

func.func @main(%q: tensor<4x?x64xf32>, %k: tensor<4x?x64xf32>, %v: tensor<4x?x64xf32>) -> tensor<4x?x64xf32> {
  %c1 = arith.constant 1 : index
  %scale = arith.constant 0.125 : f32
  %n = tensor.dim %q, %c1 : tensor<4x?x64xf32>
  %empty = tensor.empty(%n) : tensor<4x?x64xf32>
  %r = iree_linalg_ext.attention <{indexing_maps = [affine_map<(b, m, n, k1, k2) -> (b, m, k1)>, affine_map<(b, m, n, k1, k2) -> (b, k2, k1)>, affine_map<(b, m, n, k1, k2) -> (b, k2, n)>, affine_map<(b, m, n, k1, k2) -> ()>, affine_map<(b, m, n, k1, k2) -> (b, m, n)>]}>
    ins(%q, %k, %v, %scale : tensor<4x?x64xf32>, tensor<4x?x64xf32>, tensor<4x?x64xf32>, f32) outs(%empty : tensor<4x?x64xf32>) {
  ^bb0(%s: f32):
    iree_linalg_ext.yield %s : f32
  } -> tensor<4x?x64xf32>
  return %r : tensor<4x?x64xf32>
}
