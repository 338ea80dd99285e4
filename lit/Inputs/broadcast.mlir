func.func @main(%x: tensor<96x1024xf32>, %y: tensor<1024xf32>) -> tensor<96x1024xf32> {
  %empty = tensor.empty() : tensor<96x1024xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<96x1024xf32>, tensor<1024xf32>) outs(%empty : tensor<96x1024xf32>) {
  ^body(%x0: f32, %x1: f32, %o: f32):
    %s = arith.mulf %x0, %x1 : f32
    linalg.yield %s : f32
  } -> tensor<96x1024xf32>
  return %r : tensor<96x1024xf32>
}
