// RUN: %transform %s | FileCheck %s

// The value stands on the op as it was given. (lit/cuda_attention.mlir shows IREE heeding it.)

module attributes {transform.with_named_sequence} {
  // CHECK-LABEL: func.func @dispatch
  func.func @dispatch(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>, %c: tensor<96x64xf32>) -> tensor<96x64xf32> {
    // CHECK: linalg.matmul {decomposition_config = {pv_attrs = {lowering_config = #{{.*}}}, qk_attrs = {lowering_config = #{{.*}}}}}
    %0 = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%c : tensor<96x64xf32>) -> tensor<96x64xf32>
    return %0 : tensor<96x64xf32>
  }

  transform.named_sequence private @annotate_products(!transform.any_op {transform.readonly}, !transform.any_param {transform.readonly})
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["linalg.matmul"]} in %module : (!transform.any_op) -> !transform.any_op
    %config = transform.param.constant {qk_attrs = {lowering_config = #iree_gpu.lowering_config<{thread = [1, 2]}>}, pv_attrs = {lowering_config = #iree_gpu.lowering_config<{thread = [2, 1]}>}} -> !transform.any_param
    transform.include @annotate_products failures(propagate) (%op, %config) : (!transform.any_op, !transform.any_param) -> ()
    transform.yield
  }
}
