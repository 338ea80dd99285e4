func.func @main(%t: tensor<512x64xf32>, %n: tensor<96xi64>) -> tensor<96x64xf32> {
  %empty = tensor.empty() : tensor<96x64xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%n : tensor<96xi64>) outs(%empty : tensor<96x64xf32>) {
  ^body(%x0: i64, %o: f32):
    %i = arith.index_cast %x0 : i64 to index
    %j = linalg.index 1 : index
    %s = tensor.extract %t[%i, %j] : tensor<512x64xf32>
    linalg.yield %s : f32
  } -> tensor<96x64xf32>
  return %r : tensor<96x64xf32>
}
