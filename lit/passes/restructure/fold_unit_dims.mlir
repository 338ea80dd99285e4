// RUN: %transform %s | FileCheck %s

module attributes {transform.with_named_sequence} {
  // CHECK-LABEL: func.func @dispatch
  // CHECK-SAME: attributes {seen}
  func.func @dispatch(%x: tensor<1x8x16xf32>, %o: tensor<1x8x16xf32>) -> tensor<1x8x16xf32> {
    // CHECK: tensor.extract_slice %{{.*}}[0, 0, 0] [1, 8, 16] [1, 1, 1] : tensor<1x8x16xf32> to tensor<8x16xf32>
    // CHECK: linalg.generic
    // CHECK-SAME: iterator_types = ["parallel", "parallel"]
    // CHECK: tensor.insert_slice {{.*}} : tensor<8x16xf32> into tensor<1x8x16xf32>
    %0 = linalg.generic {indexing_maps = [affine_map<(n, i, j) -> (n, i, j)>, affine_map<(n, i, j) -> (n, i, j)>], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%x : tensor<1x8x16xf32>) outs(%o : tensor<1x8x16xf32>) {
    ^body(%a: f32, %b: f32):
      %e = math.exp %a : f32
      linalg.yield %e : f32
    } -> tensor<1x8x16xf32>
    return %0 : tensor<1x8x16xf32>
  }

  transform.named_sequence private @fold_unit_dims(!transform.any_op {transform.consumed}) -> !transform.any_op
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %function = transform.structured.match ops{["func.func"]} in %module : (!transform.any_op) -> !transform.any_op
    %same = transform.include @fold_unit_dims failures(propagate) (%function) : (!transform.any_op) -> !transform.any_op
    transform.annotate %same "seen" : !transform.any_op
    transform.yield
  }
}
