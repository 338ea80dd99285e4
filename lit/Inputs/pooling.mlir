func.func @main(%a: tensor<1x16x16x32xf32>) -> tensor<1x8x8x32xf32> {
  %least = arith.constant 0xFF800000 : f32
  %window = tensor.empty() : tensor<2x2xf32>
  %empty = tensor.empty() : tensor<1x8x8x32xf32>
  %fill = linalg.fill ins(%least : f32) outs(%empty : tensor<1x8x8x32xf32>) -> tensor<1x8x8x32xf32>
  %r = linalg.pooling_nhwc_max {strides = dense<2> : vector<2xi64>}
      ins(%a, %window : tensor<1x16x16x32xf32>, tensor<2x2xf32>)
      outs(%fill : tensor<1x8x8x32xf32>) -> tensor<1x8x8x32xf32>
  return %r : tensor<1x8x8x32xf32>
}
