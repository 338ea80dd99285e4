// A softmax whose maximum IREE computes again in each step of the sum.
func.func @main(%x: tensor<1000x64xf32>) -> tensor<1000x64xf32> {
  %e = tensor.empty() : tensor<1000x64xf32>
  %r = linalg.softmax dimension(1) ins(%x : tensor<1000x64xf32>) outs(%e : tensor<1000x64xf32>) -> tensor<1000x64xf32>
  return %r : tensor<1000x64xf32>
}
