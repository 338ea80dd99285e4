// RUN: %apply %s --emit=script | FileCheck %s --check-prefix=SCRIPT
// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: matmul pipeline:tile peel:yes @vector 32 8 @reduce 4 @distribute 32 n0 cache:yes 16 n0 50 order:chosen d1 d0 <end>

// A size of 0 leaves a loop whole at that level; loops are ordered by the interchange.

// SCRIPT: transform.named_sequence @schedule_0(%[[ANY:.*]]: !transform.any_op {transform.readonly})
// SCRIPT-NEXT: %[[FOUND:.*]] = transform.structured.match ops{["func.func"]} attributes {sym_name = "main_dispatch_0_matmul_96x64x200_f32"} in %[[ANY]]
// SCRIPT-NEXT: transform.foreach %[[FOUND]]
// SCRIPT: %[[OPS:.*]] = transform.structured.match ops{["linalg.matmul", "linalg.generic"]}
// SCRIPT-NEXT: transform.split_handle %[[OPS]] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
// SCRIPT: transform.include @annotate_op failures(propagate) (%{{.*}}#0, %{{.*}})
// SCRIPT: transform.include @annotate_op failures(propagate) (%{{.*}}#1, %{{.*}})
// SCRIPT: transform.include @annotate_function failures(propagate)
// SCRIPT: transform.named_sequence @__kernel_config
// SCRIPT-NEXT: transform.include @insert_batch_dim failures(propagate)
// SCRIPT-NEXT: transform.include @schedule_0 failures(propagate)
// SCRIPT: transform.named_sequence @annotate_function
// SCRIPT-NEXT: transform.annotate %{{.*}} "translation_info"
// SCRIPT: transform.named_sequence @annotate_op
// SCRIPT-NEXT: transform.annotate %{{.*}} "lowering_config"
// SCRIPT: transform.named_sequence @insert_batch_dim

// CHECK: main_dispatch_0_matmul_96x64x200_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>, {enable_loop_peeling}>
// CHECK-NEXT: linalg.matmul: #iree_cpu.lowering_config<cache_parallel = [16, 0, 0], cache_reduction = [0, 0, 50], distribution = [32, 0, 0], vector_common_parallel = {sizes = [8, 32, 0], interchange = [1, 0, 2]}, vector_reduction = [0, 0, 4]>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<vector_common_parallel = {sizes = [8, 32], interchange = [1, 0]}, vector_reduction = [0, 0]>

func.func @main(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>, %c: tensor<64xf32>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %product = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%product, %c : tensor<96x64xf32>, tensor<64xf32>) outs(%empty : tensor<96x64xf32>) {
  ^body(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<96x64xf32>
  return %sum : tensor<96x64xf32>
}
