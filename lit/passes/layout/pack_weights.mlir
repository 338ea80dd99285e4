// RUN: %transform %s | FileCheck %s

// Weights of rows of columns are transposed panel by panel, columns of rows are not.

module attributes {transform.with_named_sequence} {
  // CHECK-DAG: #[[X:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2)>
  // CHECK-DAG: #[[W:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d2, d3)>
  // CHECK-DAG: #[[Y:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
  // CHECK-LABEL: func.func @rows
  func.func @rows(%x: tensor<128x768xf32>, %w: tensor<768x64xf32>, %c: tensor<128x64xf32>) -> tensor<128x64xf32> {
    // CHECK: %[[PANELS:.*]] = linalg.pack %{{.*}} outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [16] into {{.*}} : tensor<768x64xf32> -> tensor<4x768x16xf32>
    // CHECK: linalg.generic {indexing_maps = [#[[X]], #[[W]], #[[Y]]], iterator_types = ["parallel", "parallel", "reduction", "parallel"]} ins(%{{.*}}, %[[PANELS]] :
    // CHECK: tensor.collapse_shape {{.*}} : tensor<128x4x16xf32> into tensor<128x64xf32>
    %0 = linalg.matmul ins(%x, %w : tensor<128x768xf32>, tensor<768x64xf32>) outs(%c : tensor<128x64xf32>) -> tensor<128x64xf32>
    return %0 : tensor<128x64xf32>
  }

  // CHECK-LABEL: func.func @columns
  func.func @columns(%x: tensor<128x768xf32>, %w: tensor<64x768xf32>, %c: tensor<128x64xf32>) -> tensor<128x64xf32> {
    // CHECK: %[[PANELS:.*]] = linalg.pack %{{.*}} inner_dims_pos = [0] inner_tiles = [32] into {{.*}} : tensor<64x768xf32> -> tensor<2x768x32xf32>
    // CHECK: linalg.generic {indexing_maps = [#[[X]], #[[W]], #[[Y]]], iterator_types = ["parallel", "parallel", "reduction", "parallel"]} ins(%{{.*}}, %[[PANELS]] :
    %0 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<128x768xf32>, tensor<64x768xf32>) outs(%c : tensor<128x64xf32>) {
    ^body(%a: f32, %b: f32, %d: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %d, %p : f32
      linalg.yield %s : f32
    } -> tensor<128x64xf32>
    return %0 : tensor<128x64xf32>
  }

  transform.named_sequence private @pack_weights_16(!transform.any_op {transform.consumed})
  transform.named_sequence private @pack_transposed_weights_32(!transform.any_op {transform.consumed})
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %rows = transform.structured.match ops{["linalg.matmul"]} in %module : (!transform.any_op) -> !transform.any_op
    %columns = transform.structured.match ops{["linalg.generic"]} in %module : (!transform.any_op) -> !transform.any_op
    transform.include @pack_weights_16 failures(propagate) (%rows) : (!transform.any_op) -> ()
    transform.include @pack_transposed_weights_32 failures(propagate) (%columns) : (!transform.any_op) -> ()
    transform.yield
  }
}
