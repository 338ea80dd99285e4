func.func @main(%a: tensor<97x131xf32>, %b: tensor<131x61xf32>) -> tensor<97x61xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<97x61xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<97x61xf32>) -> tensor<97x61xf32>
  %r = linalg.matmul ins(%a, %b : tensor<97x131xf32>, tensor<131x61xf32>) outs(%fill : tensor<97x61xf32>) -> tensor<97x61xf32>
  return %r : tensor<97x61xf32>
}
