// A softmax whose maximum IREE computes again in each step of the sum.
func.func @main(%x: tensor<375x375xf32>) -> tensor<375x375xf32> {
  %e = tensor.empty() : tensor<375x375xf32>
  %r = linalg.softmax dimension(0) ins(%x : tensor<375x375xf32>) outs(%e : tensor<375x375xf32>) -> tensor<375x375xf32>
  return %r : tensor<375x375xf32>
}
