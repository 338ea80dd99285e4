func.func @main(%a: tensor<12x48x64xf32>, %b: tensor<12x64x80xf32>) -> tensor<12x48x80xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<12x48x80xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<12x48x80xf32>) -> tensor<12x48x80xf32>
  %r = linalg.batch_matmul ins(%a, %b : tensor<12x48x64xf32>, tensor<12x64x80xf32>) outs(%fill : tensor<12x48x80xf32>) -> tensor<12x48x80xf32>
  return %r : tensor<12x48x80xf32>
}
