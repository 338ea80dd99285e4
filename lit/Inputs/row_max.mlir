func.func @main(%x: tensor<96x1024xf32>) -> tensor<96xf32> {
  %empty = tensor.empty() : tensor<96xf32>
  %init = arith.constant 0xFF800000 : f32
  %fill = linalg.fill ins(%init : f32) outs(%empty : tensor<96xf32>) -> tensor<96xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<96x1024xf32>) outs(%fill : tensor<96xf32>) {
  ^body(%x0: f32, %o: f32):
    %s = arith.maximumf %x0, %o : f32
    linalg.yield %s : f32
  } -> tensor<96xf32>
  return %r : tensor<96xf32>
}
