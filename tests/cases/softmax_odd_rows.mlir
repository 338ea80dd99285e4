// A softmax whose maximum IREE computes again in each step of the sum.
func.func @main(%x: tensor<2x75x375xf32>) -> tensor<2x75x375xf32> {
  %e = tensor.empty() : tensor<2x75x375xf32>
  %r = linalg.softmax dimension(2) ins(%x : tensor<2x75x375xf32>) outs(%e : tensor<2x75x375xf32>) -> tensor<2x75x375xf32>
  return %r : tensor<2x75x375xf32>
}
