func.func @main(%a: tensor<1x16x16x8xf32>, %b: tensor<3x3x8x32xf32>) -> tensor<1x12x12x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x12x12x32xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x12x12x32xf32>) -> tensor<1x12x12x32xf32>
  %r = linalg.conv_2d_nhwc_hwcf {dilations = dense<2> : vector<2xi64>} ins(%a, %b : tensor<1x16x16x8xf32>, tensor<3x3x8x32xf32>) outs(%fill : tensor<1x12x12x32xf32>) -> tensor<1x12x12x32xf32>
  return %r : tensor<1x12x12x32xf32>
}
