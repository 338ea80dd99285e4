func.func @main(%a: tensor<96x200xi8>, %b: tensor<200x64xi8>) -> tensor<96x64xi32> {
  %zero = arith.constant 0 : i32
  %empty = tensor.empty() : tensor<96x64xi32>
  %fill = linalg.fill ins(%zero : i32) outs(%empty : tensor<96x64xi32>) -> tensor<96x64xi32>
  %r = linalg.matmul ins(%a, %b : tensor<96x200xi8>, tensor<200x64xi8>) outs(%fill : tensor<96x64xi32>) -> tensor<96x64xi32>
  return %r : tensor<96x64xi32>
}
