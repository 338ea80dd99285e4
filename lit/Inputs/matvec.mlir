func.func @main(%a: tensor<768x1024xf32>, %b: tensor<1024xf32>) -> tensor<768xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<768xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<768xf32>) -> tensor<768xf32>
  %r = linalg.matvec ins(%a, %b : tensor<768x1024xf32>, tensor<1024xf32>) outs(%fill : tensor<768xf32>) -> tensor<768xf32>
  return %r : tensor<768xf32>
}
