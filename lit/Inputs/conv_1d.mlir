func.func @main(%a: tensor<1x66x16xf32>, %b: tensor<3x16x32xf32>) -> tensor<1x64x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x64x32xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x64x32xf32>) -> tensor<1x64x32xf32>
  %r = linalg.conv_1d_nwc_wcf ins(%a, %b : tensor<1x66x16xf32>, tensor<3x16x32xf32>) outs(%fill : tensor<1x64x32xf32>) -> tensor<1x64x32xf32>
  return %r : tensor<1x64x32xf32>
}
