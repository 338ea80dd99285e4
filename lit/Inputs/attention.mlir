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
