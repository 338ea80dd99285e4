func.func @main(%a: tensor<96x200xf64>, %b: tensor<200x64xf64>) -> tensor<96x64xf64> {
  %zero = arith.constant 0.0 : f64
  %empty = tensor.empty() : tensor<96x64xf64>
  %fill = linalg.fill ins(%zero : f64) outs(%empty : tensor<96x64xf64>) -> tensor<96x64xf64>
  %r = linalg.matmul ins(%a, %b : tensor<96x200xf64>, tensor<200x64xf64>) outs(%fill : tensor<96x64xf64>) -> tensor<96x64xf64>
  return %r : tensor<96x64xf64>
}
