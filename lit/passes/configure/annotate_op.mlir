// RUN: %transform %s | FileCheck %s

// Both ops that the handle holds are annotated, the third is not.

module attributes {transform.with_named_sequence} {
  // CHECK: #[[CONFIG:.*]] = #iree_cpu.lowering_config<distribution = [32, 0, 0], vector_common_parallel = [8, 32, 0]>
  // CHECK-LABEL: func.func @dispatch
  func.func @dispatch(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>, %c: tensor<96x64xf32>) -> tensor<96x64xf32> {
    // CHECK: linalg.copy ins
    %x = linalg.copy ins(%a : tensor<96x200xf32>) outs(%a : tensor<96x200xf32>) -> tensor<96x200xf32>
    // CHECK: linalg.matmul {lowering_config = #[[CONFIG]]}
    %0 = linalg.matmul ins(%x, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%c : tensor<96x64xf32>) -> tensor<96x64xf32>
    // CHECK: linalg.matmul {lowering_config = #[[CONFIG]]}
    %1 = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%0 : tensor<96x64xf32>) -> tensor<96x64xf32>
    return %1 : tensor<96x64xf32>
  }

  transform.named_sequence private @annotate_op(!transform.any_op {transform.readonly}, !transform.any_param {transform.readonly})
  transform.named_sequence @__transform_main(%module: !transform.any_op {transform.readonly}) {
    %ops = transform.structured.match ops{["linalg.matmul"]} in %module : (!transform.any_op) -> !transform.any_op
    %config = transform.param.constant #iree_cpu.lowering_config<distribution = [32, 0, 0], vector_common_parallel = [8, 32, 0]> -> !transform.any_param
    transform.include @annotate_op failures(propagate) (%ops, %config) : (!transform.any_op, !transform.any_param) -> ()
    transform.yield
  }
}
