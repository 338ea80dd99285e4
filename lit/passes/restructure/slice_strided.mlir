// RUN: %transform %s | FileCheck %s

module attributes {transform.with_named_sequence} {
  // CHECK-DAG: #[[READ:.*]] = affine_map<(d0, d1, d2, d3) -> (d3, d1, d2)>
  // CHECK-LABEL: func.func @dispatch
  // CHECK-SAME: attributes {seen}
  func.func @dispatch(%x: tensor<32x14x14xf32>, %f: tensor<128x32xf32>, %o: tensor<128x7x7xf32>) -> tensor<128x7x7xf32> {
    // CHECK: %[[SLICE:.*]] = tensor.extract_slice %{{.*}}[0, 0, 0] [32, 7, 7] [1, 2, 2] : tensor<32x14x14xf32> to tensor<32x7x7xf32>
    // CHECK: linalg.generic {indexing_maps = [#[[READ]],
    // CHECK-SAME: ins(%[[SLICE]],
    %0 = linalg.generic {indexing_maps = [affine_map<(f, h, w, c) -> (c, h * 2, w * 2)>, affine_map<(f, h, w, c) -> (f, c)>, affine_map<(f, h, w, c) -> (f, h, w)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%x, %f : tensor<32x14x14xf32>, tensor<128x32xf32>) outs(%o : tensor<128x7x7xf32>) {
    ^body(%a: f32, %b: f32, %c: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %c, %p : f32
      linalg.yield %s : f32
    } -> tensor<128x7x7xf32>
    return %0 : tensor<128x7x7xf32>
  }

  transform.named_sequence private @slice_strided(!transform.any_op {transform.consumed}) -> !transform.any_op
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %function = transform.structured.match ops{["func.func"]} in %module : (!transform.any_op) -> !transform.any_op
    %same = transform.include @slice_strided failures(propagate) (%function) : (!transform.any_op) -> !transform.any_op
    transform.annotate %same "seen" : !transform.any_op
    transform.yield
  }
}
