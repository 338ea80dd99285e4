// RUN: %transform %s | FileCheck %s

module attributes {transform.with_named_sequence} {
  // CHECK-DAG: #[[IMAGE:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7) -> (d0, d1 + d5, d2 + d6, d7)>
  // CHECK-DAG: #[[FILTER:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7) -> (d3, d5, d6, d7, d4)>
  // CHECK-DAG: #[[RESULT:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7) -> (d0, d1, d2, d3, d4)>
  // CHECK-LABEL: func.func @convolution
  func.func @convolution(%x: tensor<1x58x58x64xf32>, %f: tensor<3x3x64x64xf32>, %o: tensor<1x56x56x64xf32>) -> tensor<1x56x56x64xf32> {
    // CHECK: %[[PANELS:.*]] = linalg.pack %{{.*}} outer_dims_perm = [3, 0, 1, 2] inner_dims_pos = [3] inner_tiles = [16] into {{.*}} : tensor<3x3x64x64xf32> -> tensor<4x3x3x64x16xf32>
    // CHECK: linalg.generic {indexing_maps = [#[[IMAGE]], #[[FILTER]], #[[RESULT]]]
    // CHECK-SAME: ins(%{{.*}}, %[[PANELS]] :
    // CHECK: tensor.collapse_shape {{.*}} : tensor<1x56x56x4x16xf32> into tensor<1x56x56x64xf32>
    %0 = linalg.conv_2d_nhwc_hwcf ins(%x, %f : tensor<1x58x58x64xf32>, tensor<3x3x64x64xf32>) outs(%o : tensor<1x56x56x64xf32>) -> tensor<1x56x56x64xf32>
    return %0 : tensor<1x56x56x64xf32>
  }

  transform.named_sequence private @pack_filter_16(!transform.any_op {transform.consumed})
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["linalg.conv_2d_nhwc_hwcf"]} in %module : (!transform.any_op) -> !transform.any_op
    transform.include @pack_filter_16 failures(propagate) (%op) : (!transform.any_op) -> ()
    transform.yield
  }
}
