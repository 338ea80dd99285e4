// RUN: %transform %s | FileCheck %s

// A convolution without a batch gets one; a matmul stays as it is. The result is a handle to the function.

module attributes {transform.with_named_sequence} {
  // CHECK-LABEL: func.func @dispatch
  // CHECK-SAME: attributes {seen}
  func.func @dispatch(%x: tensor<16x16x8xf32>, %f: tensor<3x3x8x32xf32>, %o: tensor<14x14x32xf32>) -> tensor<14x14x32xf32> {
    // CHECK: tensor.expand_shape %{{.*}} : tensor<16x16x8xf32> into tensor<1x16x16x8xf32>
    // CHECK: linalg.generic
    // CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]
    // CHECK: } -> tensor<1x14x14x32xf32>
    // CHECK: tensor.collapse_shape {{.*}} into tensor<14x14x32xf32>
    %0 = linalg.generic {indexing_maps = [affine_map<(h, w, f, y, x, c) -> (h + y, w + x, c)>, affine_map<(h, w, f, y, x, c) -> (y, x, c, f)>, affine_map<(h, w, f, y, x, c) -> (h, w, f)>], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
        ins(%x, %f : tensor<16x16x8xf32>, tensor<3x3x8x32xf32>) outs(%o : tensor<14x14x32xf32>) {
    ^body(%a: f32, %b: f32, %c: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %c, %p : f32
      linalg.yield %s : f32
    } -> tensor<14x14x32xf32>
    return %0 : tensor<14x14x32xf32>
  }

  // CHECK-LABEL: func.func @matmul
  func.func @matmul(%a: tensor<8x16xf32>, %b: tensor<16x32xf32>, %c: tensor<8x32xf32>) -> tensor<8x32xf32> {
    // CHECK-NEXT: linalg.matmul
    %0 = linalg.matmul ins(%a, %b : tensor<8x16xf32>, tensor<16x32xf32>) outs(%c : tensor<8x32xf32>) -> tensor<8x32xf32>
    return %0 : tensor<8x32xf32>
  }

  transform.named_sequence private @insert_batch_dim(!transform.any_op {transform.consumed}) -> !transform.any_op
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %functions = transform.structured.match ops{["func.func"]} in %module : (!transform.any_op) -> !transform.any_op
    %same = transform.include @insert_batch_dim failures(propagate) (%functions) : (!transform.any_op) -> !transform.any_op
    transform.annotate %same "seen" : !transform.any_op
    transform.yield
  }
}
