// RUN: %transform %s | FileCheck %s

// Two convolutions one with strides, the other dilated and of a single channel.

module attributes {transform.with_named_sequence} {
  // CHECK: #[[IMAGE:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7, d8) -> (d0, d1 * 2 + d4, d2 * 2 + d5, d6, d8)>
  // CHECK: #[[FILTER:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7, d8) -> (d4, d5, d6, d3, d7, d8)>
  // CHECK: #[[RESULT:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7, d8) -> (d0, d1, d2, d3, d7)>
  // CHECK: #[[DILATED:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7, d8) -> (d0, d1 + d4 * 3, d2 + d5 * 3, d6, d8)>
  // CHECK-LABEL: func.func @strided
  func.func @strided(%x: tensor<2x16x58x30xf32>, %f: tensor<32x16x3x3xf32>, %o: tensor<2x32x28x14xf32>) -> tensor<2x32x28x14xf32> {
    // CHECK: %[[X:.*]] = linalg.transpose ins(%{{.*}} : tensor<2x16x1x58x30xf32>) outs(%{{.*}} : tensor<2x58x30x16x1xf32>)
    // CHECK: %[[F:.*]] = linalg.transpose ins(%{{.*}} : tensor<32x1x16x1x3x3xf32>) outs(%{{.*}} : tensor<3x3x16x32x1x1xf32>)
    // CHECK: linalg.generic {indexing_maps = [#[[IMAGE]], #[[FILTER]], #[[RESULT]]]
    // CHECK-SAME: ins(%[[X]], %[[F]] :
    // CHECK: linalg.transpose ins(%{{.*}} : tensor<2x28x14x32x1xf32>) outs(%{{.*}} : tensor<2x32x1x28x14xf32>)
    // CHECK: tensor.collapse_shape {{.*}} into tensor<2x32x28x14xf32>
    %0 = linalg.conv_2d_nchw_fchw {strides = dense<2> : tensor<2xi64>} ins(%x, %f : tensor<2x16x58x30xf32>, tensor<32x16x3x3xf32>) outs(%o : tensor<2x32x28x14xf32>) -> tensor<2x32x28x14xf32>
    return %0 : tensor<2x32x28x14xf32>
  }

  // CHECK-LABEL: func.func @dilated
  func.func @dilated(%x: tensor<1x1x20x20xf32>, %f: tensor<8x1x3x3xf32>, %o: tensor<1x8x14x14xf32>) -> tensor<1x8x14x14xf32> {
    // CHECK: linalg.generic {indexing_maps = [#[[DILATED]], #[[FILTER]], #[[RESULT]]]
    // CHECK: tensor.collapse_shape {{.*}} into tensor<1x8x14x14xf32>
    %0 = linalg.conv_2d_nchw_fchw {dilations = dense<3> : tensor<2xi64>} ins(%x, %f : tensor<1x1x20x20xf32>, tensor<8x1x3x3xf32>) outs(%o : tensor<1x8x14x14xf32>) -> tensor<1x8x14x14xf32>
    return %0 : tensor<1x8x14x14xf32>
  }

  transform.named_sequence private @channels_last(!transform.any_op {transform.consumed})
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %convolutions = transform.structured.match ops{["linalg.conv_2d_nchw_fchw"]} in %module : (!transform.any_op) -> !transform.any_op
    %first, %second = transform.split_handle %convolutions : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.include @channels_last failures(propagate) (%first) : (!transform.any_op) -> ()
    transform.include @channels_last failures(propagate) (%second) : (!transform.any_op) -> ()
    transform.yield
  }
}
