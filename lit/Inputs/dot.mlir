func.func @main(%a: tensor<4096xf32>, %b: tensor<4096xf32>) -> tensor<f32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<f32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<f32>) -> tensor<f32>
  %r = linalg.dot ins(%a, %b : tensor<4096xf32>, tensor<4096xf32>) outs(%fill : tensor<f32>) -> tensor<f32>
  return %r : tensor<f32>
}
