// RUN: %transform %s | FileCheck %s

// The second convolution is hidden, and stays.

module attributes {transform.with_named_sequence} {
  // CHECK-LABEL: util.func public @program
  util.func public @program(%x: tensor<1x16x18x18xf32>, %f: tensor<32x16x3x3xf32>, %g: tensor<8x32x3x3xf32>, %o: tensor<1x32x16x16xf32>, %p: tensor<1x8x14x14xf32>) -> tensor<1x8x14x14xf32> {
    // CHECK: %[[WINDOWS:.*]] = linalg.generic
    // CHECK-SAME: outs(%{{.*}} : tensor<1x16x3x3x16x16xf32>)
    // CHECK: linalg.matmul
    %0 = linalg.conv_2d_nchw_fchw ins(%x, %f : tensor<1x16x18x18xf32>, tensor<32x16x3x3xf32>) outs(%o : tensor<1x32x16x16xf32>) -> tensor<1x32x16x16xf32>
    // CHECK: linalg.conv_2d_nchw_fchw {shown,
    // CHECK-NOT: tlm.hidden
    // CHECK: util.return
    %1 = linalg.conv_2d_nchw_fchw ins(%0, %g : tensor<1x32x16x16xf32>, tensor<8x32x3x3xf32>) outs(%p : tensor<1x8x14x14xf32>) -> tensor<1x8x14x14xf32>
    util.return %1 : tensor<1x8x14x14xf32>
  }

  transform.named_sequence private @hide_convolutions(!transform.any_op {transform.consumed})
  transform.named_sequence private @im2col(!transform.any_op {transform.readonly})
  transform.named_sequence private @show_convolutions(!transform.any_op {transform.readonly}) -> !transform.any_op
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %convolutions = transform.structured.match ops{["linalg.conv_2d_nchw_fchw"]} in %module : (!transform.any_op) -> !transform.any_op
    %first, %second = transform.split_handle %convolutions : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.include @hide_convolutions failures(propagate) (%second) : (!transform.any_op) -> ()
    transform.include @im2col failures(propagate) (%module) : (!transform.any_op) -> ()
    %kept = transform.include @show_convolutions failures(propagate) (%module) : (!transform.any_op) -> !transform.any_op
    transform.annotate %kept "shown" : !transform.any_op
    transform.yield
  }
}
