// RUN: %transform %s --canonicalize | FileCheck %s

module attributes {transform.with_named_sequence} {
  // CHECK-LABEL: func.func @packed
  func.func @packed(%a: tensor<128x768xf32>, %b: tensor<768x64xf32>, %c: tensor<128x64xf32>) -> tensor<128x64xf32> {
    // CHECK: linalg.pack %{{.*}} inner_dims_pos = [1] inner_tiles = [16] into {{.*}} : tensor<768x64xf32>
    // CHECK: %[[START:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0], [1, 2]] output_shape [128, 4, 16]
    // CHECK: linalg.generic
    // CHECK-SAME: outs(%[[START]] :
    // CHECK-NOT: linalg.transpose
    // CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1, 2]] : tensor<128x4x16xf32> into tensor<128x64xf32>
    %0 = linalg.matmul ins(%a, %b : tensor<128x768xf32>, tensor<768x64xf32>) outs(%c : tensor<128x64xf32>) -> tensor<128x64xf32>
    return %0 : tensor<128x64xf32>
  }

  transform.named_sequence private @lower_packed_result(!transform.op<"linalg.generic"> {transform.readonly})
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["linalg.matmul"]} in %module : (!transform.any_op) -> !transform.any_op
    %packed = transform.structured.pack %op packed_sizes = [0, 16, 0] : (!transform.any_op) -> !transform.op<"linalg.generic">
    transform.include @lower_packed_result failures(propagate) (%packed) : (!transform.op<"linalg.generic">) -> ()
    transform.yield
  }
}
