func.func @main(%x: tensor<64x96xf32>) -> tensor<96x64xf32> {
  %empty = tensor.empty() : tensor<96x64xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<64x96xf32>) outs(%empty : tensor<96x64xf32>) {
  ^body(%x0: f32, %o: f32):
    %s = math.exp %x0 : f32
    linalg.yield %s : f32
  } -> tensor<96x64xf32>
  return %r : tensor<96x64xf32>
}
